import { ApiError, errorFromResponse, networkError } from './api-error.ts';
import type { ClientClock } from './client-clock.ts';
import { decideRetryDelay } from './retry-delay.ts';

export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

export interface RequesterOptions {
  baseUrl: string;
  token?: TokenSource | undefined;
  fetch: typeof fetch;
  clock: ClientClock;
  random: () => number;
}

export interface RequestOptions {
  method?: string;
  /** Sent as JSON, unless it is FormData or a Blob. */
  body?: unknown;
  headers?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal | undefined;
  /** Further attempts after one that may be repeated. Default: 2 for GET, 0 for the rest. */
  retries?: number;
  keepalive?: boolean;
}

export interface Requester {
  /** The answer, whatever its body; rejects with ApiError on a status that is not 2xx, or when none came. */
  open(path: string, options?: RequestOptions): Promise<Response>;
  json<T>(path: string, options?: RequestOptions): Promise<T>;
}

/** A server that asks for a longer wait than this is not waited for: the caller is told and decides. */
const LONGEST_PATIENCE_SEC = 5;

export function addressOf(baseUrl: string, path: string, query: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return `${baseUrl.replace(/\/$/, '')}${path}${text === '' ? '' : `?${text}`}`;
}

async function initOf(source: TokenSource | undefined, options: RequestOptions): Promise<RequestInit> {
  const headers = new Headers({ accept: 'application/json', ...options.headers });
  const token = typeof source === 'function' ? await source() : source;
  if (token !== undefined && token !== '') headers.set('authorization', `Bearer ${token}`);
  const init: RequestInit = { method: options.method ?? 'GET', headers, credentials: 'same-origin' };
  if (options.signal !== undefined) init.signal = options.signal;
  if (options.keepalive === true) init.keepalive = true;
  if (options.body instanceof FormData || options.body instanceof Blob) init.body = options.body;
  else if (options.body !== undefined) {
    headers.set('content-type', 'application/json');
    init.body = JSON.stringify(options.body);
  }
  return init;
}

/** Seconds to wait that the server named, undefined where it named none, 'never' where a repetition is pointless. */
function retryAfterOf(error: unknown): number | undefined | 'never' {
  if (!(error instanceof ApiError) || !error.isTransient) return 'never';
  return (error.retryAfter ?? 0) > LONGEST_PATIENCE_SEC ? 'never' : error.retryAfter;
}

export function createRequester({ baseUrl, token, fetch, clock, random }: RequesterOptions): Requester {
  async function attempt(path: string, options: RequestOptions): Promise<Response> {
    const init = await initOf(token, options);
    let response: Response;
    try {
      response = await fetch(addressOf(baseUrl, path, options.query), init);
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      throw networkError(cause);
    }
    if (!response.ok) throw await errorFromResponse(response, clock.now());
    return response;
  }

  async function open(path: string, options: RequestOptions = {}): Promise<Response> {
    const retries = options.retries ?? ((options.method ?? 'GET') === 'GET' ? 2 : 0);
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt(path, options);
      } catch (error) {
        const retryAfter = retryAfterOf(error);
        if (failures >= retries || retryAfter === 'never') throw error;
        const retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1000;
        await clock.sleep(decideRetryDelay({ failures, retryAfterMs, baseMs: 400 }, random), options.signal);
        if (options.signal?.aborted) throw error;
      }
    }
  }

  return {
    open,
    async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
      const response = await open(path, options);
      return (await response.json()) as T;
    },
  };
}
