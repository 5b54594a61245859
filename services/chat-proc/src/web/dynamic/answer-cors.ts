import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SiteCors } from '@switchyard/web-store';

/**
 * Says what other origins may ask of a site. A preflight is answered here and reaches no handler: true. Without `cors` nothing is said and
 * a preflight is a request like any other, for a handler that answers it by itself.
 */
export function answerCors(cors: SiteCors | undefined, req: IncomingMessage, res: ServerResponse): boolean {
  if (cors === undefined) return false;
  const { origin } = req.headers;
  const isAny = cors.origins.includes('*');
  // The answer differs by origin also where there is none: a cache in between must know.
  if (!isAny) res.appendHeader('Vary', 'Origin');
  const isPreflight = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
  if (origin !== undefined && isAllowed(cors, origin)) {
    res.setHeader('Access-Control-Allow-Origin', isAny ? '*' : origin);
    if (cors.credentials && !isAny) res.setHeader('Access-Control-Allow-Credentials', 'true');
    res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (isPreflight) {
      res.setHeader('Access-Control-Allow-Methods', cors.methods.join(', '));
      if (cors.headers.length > 0) res.setHeader('Access-Control-Allow-Headers', cors.headers.join(', '));
      res.setHeader('Access-Control-Max-Age', String(cors.maxAgeSec));
    }
  }
  if (!isPreflight) return false;
  res.statusCode = 204;
  res.end();
  return true;
}

/** `null` is the origin of every sandboxed frame: it stands for nobody in particular and is let in by `*` alone. */
function isAllowed({ origins }: SiteCors, origin: string): boolean {
  return origins.includes('*') || (origin !== 'null' && origins.includes(origin));
}
