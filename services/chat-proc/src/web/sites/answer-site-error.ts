import type { IncomingMessage, ServerResponse } from 'node:http';
import { toErrorBody } from '@switchyard/kernel';

/** An error in the platform's shape; for who reads with a browser, as a page that says the same. */
export function answerSiteError(req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const requestId = String(res.getHeader('x-request-id') ?? '');
  const { status, body, retryAfterSec } = toErrorBody(error, requestId);
  if (retryAfterSec !== undefined) res.setHeader('Retry-After', String(Math.ceil(retryAfterSec)));
  // Of a body that nobody read the connection would wait for the rest.
  if (!req.complete) res.setHeader('Connection', 'close');
  const isPage = req.headers.accept?.includes('text/html') === true;
  const text = isPage ? pageOf(status, body) : JSON.stringify(body);
  if (!res.hasHeader('vary')) res.setHeader('Vary', 'Accept');
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  res.setHeader('Content-Type', isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.writeHead(status);
  res.end(req.method === 'HEAD' ? undefined : text);
}

const STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;color-scheme:light dark;margin:18vh auto;max-width:32rem;padding:0 1.5rem}' +
  'h1{font-size:1.25rem;font-weight:600}p{opacity:.75}';

function pageOf(status: number, { detail }: ReturnType<typeof toErrorBody>['body']): string {
  const text = typeof detail === 'string' ? detail : detail.error;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${status}</title><style>${STYLE}</style><h1>${status}</h1><p>${escape(text)}</p></html>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replace(/[&<>"]/gu, (character) => ESCAPES[character] ?? '');
}
