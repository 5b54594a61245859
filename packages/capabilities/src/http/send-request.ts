import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { Readable, pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { PlatformError } from '@switchyard/kernel';
import type { HeaderList, WireResponse } from '@switchyard/protocol';
import { responseHeaders, without } from './clean-headers.ts';

export interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  /** Cleaned already. */
  readonly headers: HeaderList;
  readonly body: Uint8Array | null;
  /** Where to connect, whatever the name in `url` means by then. Undefined: what the name means. */
  readonly addresses: readonly string[] | undefined;
  /** Of the body, unpacked; more breaks it off. */
  readonly maxResponseBytes: number;
  /** Ends the request and an answer that still comes. */
  readonly signal: AbortSignal;
}

const MAX_HEADER_BYTES = 64 * 1024;
const UNPACKERS: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
const ENCODED: ReadonlySet<string> = new Set(['content-encoding', 'content-length']);

/** One request over a connection of its own; redirects are answers. Rejects UPSTREAM_UNAVAILABLE, INVALID_REQUEST, or the signal's reason. */
export async function sendRequest(given: OutgoingRequest): Promise<WireResponse> {
  const { signal } = given;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = open(given);
  request.once('response', resolve);
  request.once('error', reject);
  request.end(given.body ?? undefined);
  try {
    const response = await promise;
    // After its head, an error of the connection is one of the body and is told by it.
    request.on('error', () => undefined);
    return toWire(response, given);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const { code } = error as NodeJS.ErrnoException;
    throw PlatformError.of(
      'UPSTREAM_UNAVAILABLE',
      `${given.url.host} does not answer (${code ?? 'no answer'}).`,
      {
        cause: error,
      },
    );
  }
}

function open({ url, method, headers, body, addresses, signal }: OutgoingRequest): http.ClientRequest {
  const { request } = url.protocol === 'https:' ? https : http;
  const pinned = addresses === undefined ? {} : { lookup: pinnedTo(addresses) };
  const length = body === null || body.byteLength === 0 ? [] : ['content-length', String(body.byteLength)];
  try {
    return request(url, {
      method,
      signal,
      // No pool: a connection that was kept would be one whose address was checked for somebody else.
      agent: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      ...pinned,
      headers: ['host', url.host, 'accept-encoding', 'identity', ...length, ...headers.flat()],
    });
  } catch (error) {
    throw PlatformError.of('INVALID_REQUEST', `No request: ${(error as Error).message}`, { cause: error });
  }
}

function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    const [first] = all;
    if (options.all === true) callback(null, all);
    else if (first === undefined) callback(new Error('no address'), '');
    else callback(null, first.address, first.family);
  };
}

function toWire(
  response: http.IncomingMessage,
  { method, maxResponseBytes, signal }: OutgoingRequest,
): WireResponse {
  const { rawHeaders, statusCode: status = 502 } = response;
  const pairs: HeaderList = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  const headers = responseHeaders(pairs);
  if (method === 'HEAD' || status === 204 || status === 304) {
    response.destroy();
    return { status, headers, body: null };
  }
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase();
  const unpack = Object.hasOwn(UNPACKERS, encoding) ? UNPACKERS[encoding] : undefined;
  // Its errors come out of `plain` when that is read.
  const plain = unpack === undefined ? response : pipeline(response, unpack(), () => undefined);
  const body = bounded(plain as Readable, response, maxResponseBytes, signal);
  return { status, headers: unpack === undefined ? headers : without(headers, ENCODED), body };
}

async function* bounded(
  source: Readable,
  response: http.IncomingMessage,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      total += chunk.byteLength;
      if (total > maxBytes)
        throw PlatformError.of('UPSTREAM_UNAVAILABLE', `The answer is larger than ${maxBytes} bytes.`);
      yield chunk;
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    // Also when nobody reads on: the connection ends with the reader.
    response.destroy();
  }
}
