import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { pathForLog, requestIdOf } from './request-context.ts';

/** Who has been proven: what is refused him later is written with his name. */
export function noteCaller(res: Response, userId: string): void {
  res.locals['callerId'] = userId;
}

/**
 * A line for every request that is refused for who asks: without proof, or without the right. Ids of somebody else are not among them: they
 * are looked for among one's own and not found, as those that nobody has.
 */
export function logAccessRefusal(
  log: Pick<Log, 'info'>,
  error: unknown,
  { req, res }: { req: Request; res: Response },
): void {
  if (!(error instanceof PlatformError) || (error.status !== 401 && error.status !== 403)) return;
  const callerId: unknown = res.locals['callerId'];
  log.info('access refused', {
    request_id: requestIdOf(res),
    method: req.method,
    path: pathForLog(req.path),
    status: error.status,
    error_type: error.errorType,
    address: req.ip,
    ...(typeof callerId === 'string' ? { user_id: callerId } : {}),
  });
}
