import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import sirv from 'sirv';
import { CONTENT_SECURITY_POLICY } from './content-security-policy.ts';

/** Names with a hash of their content: what they hold never changes. */
const HASHED = /^\/assets\//;
/** Paths that are files or nothing: a missing script must not be answered with a page. */
const NEVER_PAGES = [HASHED, /^\/[^/]+\.\w+$/];

function setHeaders(res: ServerResponse, path: string): void {
  res.setHeader('Cache-Control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
  res.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  res.setHeader('Referrer-Policy', 'same-origin');
  res.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
}

/** The built pages, compressed ahead by the build. Any other path is the page itself, which knows its addresses. */
export function servePages(dir: string): RequestHandler {
  const options = { etag: true, gzip: true, brotli: true };
  const files = sirv(dir, options);
  // Without `ignores: false` an address with a dot in it, as a conversation's id may have, would not be the page.
  const pages = sirv(dir, { ...options, single: true, ignores: false });
  return (req, res, next) => {
    // Before sirv and not by its own hook, which is not called for 304: a browser takes the headers of a 304 over into
    // what it has stored, and with the policy that is meant for data the page would not run any more.
    setHeaders(res, req.path);
    const serve = NEVER_PAGES.some((pattern) => pattern.test(req.path)) ? files : pages;
    serve(req, res, () => {
      res.setHeader('Cache-Control', 'no-store');
      next();
    });
  };
}
