import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';

const originOf = (text: string | undefined): string | undefined =>
  text !== undefined && URL.canParse(text) ? new URL(text).origin : undefined;

/** The origin that the request came in by, as web-proxy says. */
export const requestOrigin = (req: Request): string =>
  `${req.protocol}://${req.get('x-forwarded-host') ?? req.get('host') ?? ''}`;

/**
 * Throws CSRF unless a form was sent from a page of ours. There is nobody signed in yet whose cookie web-proxy could ask about, and signing
 * somebody in as somebody else is an attack of its own. A browser sends at least one of the two; who sends none is no browser.
 */
export function requireOwnOrigin(req: Request, publicUrl: string): void {
  const site = req.get('sec-fetch-site');
  if (site !== undefined) {
    if (site === 'same-origin') return;
    throw PlatformError.of('CSRF');
  }
  const origin = originOf(req.get('origin'));
  if (origin === undefined || (origin !== originOf(publicUrl) && origin !== requestOrigin(req)))
    throw PlatformError.of('CSRF');
}

const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a browser would drop the cookie of a sign-in: over plain HTTP it keeps it for this machine alone. */
export function isInsecure(req: Request, publicUrl: string): boolean {
  const [here, outside] = [originOf(requestOrigin(req)), originOf(publicUrl)];
  if (here === undefined || here.startsWith('https:')) return false;
  // TLS may end in front of us, where the public address says so.
  const isHttpsOutside =
    outside?.startsWith('https:') === true && new URL(outside).host === new URL(here).host;
  return !isHttpsOutside && !LOCAL_NAMES.has(new URL(here).hostname);
}
