import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setCookieName } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { ByteStream, WireResponse } from '@switchyard/protocol';
import { SANDBOX_POLICY } from '../../operations/send-wire-response.ts';

export interface SendOptions {
  /** Where the site begins on an origin that it shares with the platform, as `/sites/blog`; empty on an origin of its own. */
  readonly base: string;
  readonly isHead: boolean;
  /** A site may not set the platform's cookies: names count for all ports of a host. */
  readonly platformCookies: ReadonlySet<string>;
  /** Milliseconds in which nothing moved, after which the answer is broken off. */
  readonly idleMs: number;
}

/** What the app shell says of answers that are data. A site's pages say it themselves. */
const SHELL_HEADERS = [
  'Content-Security-Policy',
  'Cross-Origin-Resource-Policy',
  'Referrer-Policy',
  'Cache-Control',
];
/** On the platform's own origin a site has no cookies, and nothing to say about the origin. */
const NOT_ON_SHARED: ReadonlySet<string> = new Set([
  'set-cookie',
  'clear-site-data',
  'service-worker-allowed',
  'strict-transport-security',
]);
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Writes an answer that was checked, at the pace of the reader. Resolves when it is out; rejects when either side broke off in the middle. */
export async function sendAnswer(
  res: ServerResponse,
  { status, headers, body }: WireResponse,
  options: SendOptions,
): Promise<void> {
  res.statusCode = status;
  setHeaders(res, headers, options);
  if (body === null || options.isHead || BODILESS.has(status)) {
    await letGo(body);
    if (body === null && !options.isHead && !res.hasHeader('content-length') && !BODILESS.has(status))
      res.setHeader('Content-Length', 0);
    return end(res);
  }
  if (body instanceof Uint8Array) {
    res.setHeader('Content-Length', body.length);
    return end(res, body);
  }
  const announced = res.getHeader('content-length');
  res.setTimeout(options.idleMs, () => res.destroy());
  res.flushHeaders();
  const bytes = announced === undefined ? body : ofLength(body, Number(announced));
  await pipeline(Readable.from(bytes, { objectMode: false }), res);
}

/**
 * Throws where a body is not as long as announced: another length would shift every later answer on the connection. Node's own check
 * (`strictContentLength`) throws out of an event, where nobody can catch it.
 */
async function* ofLength(body: ByteStream, length: number): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of body) {
    sent += chunk.length;
    if (sent > length) break;
    yield chunk;
  }
  if (sent !== length) throw PlatformError.of('WEB_FAILED', 'The body is not as long as announced.');
}

/** A body that nobody reads: its handler hears that the reader left. */
export async function letGo(body: WireResponse['body']): Promise<void> {
  if (body !== null && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
}

function end(res: ServerResponse, body?: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    res.once('close', resolve);
    res.once('finish', resolve);
    if (body === undefined) res.end();
    else res.end(body);
  });
}

function setHeaders(res: ServerResponse, headers: WireResponse['headers'], options: SendOptions): void {
  const isShared = options.base !== '';
  const corsIsSaid = res.hasHeader('access-control-allow-origin');
  for (const name of SHELL_HEADERS)
    if (!(corsIsSaid && name === 'Cross-Origin-Resource-Policy')) res.removeHeader(name);
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  names.delete('vary');
  for (const name of names) if (!(corsIsSaid && name.startsWith('access-control-'))) res.removeHeader(name);
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (isShared && NOT_ON_SHARED.has(key)) continue;
    if (corsIsSaid && key.startsWith('access-control-')) continue;
    if (key === 'set-cookie' && options.platformCookies.has(setCookieName(value))) continue;
    res.appendHeader(name, key === 'location' ? `${locationBase(value, options.base)}${value}` : value);
  }
  if (!res.hasHeader('x-content-type-options')) res.setHeader('X-Content-Type-Options', 'nosniff');
  if (!names.has('cache-control')) res.setHeader('Cache-Control', 'no-store');
  if (isShared) res.appendHeader('Content-Security-Policy', SANDBOX_POLICY);
}

/** A path of the site is below its base for the browser. */
function locationBase(location: string, base: string): string {
  const isPath = location.startsWith('/') && !location.startsWith('//');
  return isPath && location !== base && !location.startsWith(`${base}/`) ? base : '';
}
