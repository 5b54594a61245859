import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A browser that sends cookies says where the request began: another site may not change anything in the user's name (07, Masking). */
export function refuseOtherSites(req: Pick<Request, 'method' | 'headers'>): void {
  const site = req.headers['sec-fetch-site'];
  if (SAFE_METHODS.has(req.method) || req.headers.cookie === undefined || site === undefined) return;
  if (site !== 'same-origin' && site !== 'none') throw PlatformError.of('CSRF');
}
