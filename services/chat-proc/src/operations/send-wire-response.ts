import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { WireResponse } from '@switchyard/protocol';

/** A page of a bundle that is opened directly runs without the user's cookies (03 §6). Beside a policy of its own, both hold. */
export const SANDBOX_POLICY = 'sandbox allow-scripts allow-forms';

/** Of the connection, or the platform's to say: a bundle shares the platform's origin. */
const NOT_THE_BUNDLES: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
  'clear-site-data',
  'service-worker-allowed',
  'strict-transport-security',
  'x-content-type-options',
  'server-timing',
]);

/** Writes what a bundle answered, at the pace of the reader. Resolves when it is out; rejects when either side broke off in the middle. */
export async function sendWireResponse(
  res: Response,
  { status, headers, body }: WireResponse,
): Promise<void> {
  try {
    res.status(status);
    res.append('Content-Security-Policy', SANDBOX_POLICY);
    for (const [name, value] of headers)
      if (!NOT_THE_BUNDLES.has(name.toLowerCase())) res.append(name, value);
  } catch (error) {
    // A host is not trusted: a header that cannot be one is its fault, and its body is let go of unread.
    if (body !== null && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
    throw PlatformError.of('BUNDLE_ERROR', undefined, { cause: error });
  }
  if (body === null) return void res.end();
  if (body instanceof Uint8Array) return void res.end(body);
  await pipeline(Readable.from(body, { objectMode: false }), res);
}
