import type { ByteStream, HeaderList, WireResponse } from '@switchyard/protocol';
import type { DynamicRoute, ServedSite } from '@switchyard/web-store';
import type { Request } from 'express';
import type { Admission } from '../access/create-site-access.ts';
import type { ChosenHandler } from './decide-handler.ts';
import { KEYED_HEADERS, MAX_KEPT_BYTES, decideKeep } from './micro-cache.ts';
import type { MicroCache } from './micro-cache.ts';

export interface KeyedRequest {
  readonly site: ServedSite;
  readonly route: DynamicRoute;
  readonly req: Request;
  readonly admission: Admission;
  readonly path: string;
  readonly query: string;
}

/**
 * The key of an answer that may be kept; undefined: this request passes by the cache. All that its handler will see is in the key, so
 * nothing that is not can be kept for others: who brings a cookie or a password is answered for himself alone.
 */
export function keyOf(
  { site, route, req, admission, path, query }: KeyedRequest,
  { bundleId, form }: ChosenHandler,
  versionId: string,
): string | undefined {
  const isSafe = req.method === 'GET' || req.method === 'HEAD';
  if (!site.settings.dynamic.microCache || !isSafe || admission.kind !== 'public') return undefined;
  const { cookie, authorization, range } = req.headers;
  if (route.forwardAuthorization || [cookie, authorization, range].some((one) => one !== undefined))
    return undefined;
  const origin = `${req.protocol}://${req.host}${req.baseUrl}`;
  const headers = KEYED_HEADERS.map((name) => req.headers[name] ?? '');
  return JSON.stringify([
    site.alias,
    site.deployId,
    bundleId,
    form,
    versionId,
    origin,
    path,
    query,
    ...headers,
  ]);
}

/** Of the headers of a request those that are in its key. */
export function keyedHeaders(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name === 'host' || KEYED_HEADERS.includes(name));
}

/** The answer as its client gets it; when the whole of it has passed, and it may be, it is kept. */
export function keepWhenSent(
  cache: MicroCache,
  key: string,
  bundleId: string,
  response: WireResponse,
  generation: number,
): WireResponse {
  const { status, headers, body } = response;
  const sent = headers.filter(([name]) => name.toLowerCase() !== 'cache-tag');
  const rule = decideKeep(status, headers);
  if (rule === undefined) return { status, headers: sent, body };
  const keep = (bytes: Uint8Array): void =>
    cache.keep(key, { status, headers: sent, body: bytes, bundleId, ...rule }, generation);
  if (body !== null && !(body instanceof Uint8Array))
    return { status, headers: sent, body: gathered(body, keep) };
  keep(body ?? new Uint8Array());
  return { status, headers: sent, body };
}

async function* gathered(body: ByteStream, onWhole: (bytes: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size <= MAX_KEPT_BYTES) chunks.push(chunk);
    yield chunk;
  }
  if (size <= MAX_KEPT_BYTES) onWhole(Buffer.concat(chunks));
}
