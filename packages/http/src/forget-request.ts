import type { Request } from 'express';

/**
 * Lets go of what a request carried and nobody asks for again once its stream has begun: its headers, which hold a token, and the way
 * back into the router. Method, path and route stay, for the log line at the end. A stream may be open for days.
 */
export function forgetRequest(req: Request): void {
  req.headers = {};
  req.rawHeaders = [];
  req.next = undefined;
}
