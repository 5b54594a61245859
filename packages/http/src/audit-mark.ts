import type { Response } from 'express';

/** Says that what this request changes is in an audit log. `createAudited` does; so does a service with a log of its own. */
export function markAudited(res: Response): void {
  res.locals['isAudited'] = true;
}

export function isAudited(res: Response): boolean {
  return res.locals['isAudited'] === true;
}
