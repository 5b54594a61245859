import type { ByteStream, HeaderList } from '@switchyard/protocol';
import { toWireResponse } from './wire-fetch.ts';

/** An answer to a request of a site, without a `Response`. */
export interface WebAnswer {
  readonly status: number;
  /** Pairs where a name comes more than once, as several `Set-Cookie`; a list of values says the same. */
  readonly headers?: HeaderList | Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | ByteStream | null;
}

/** As it crosses the host channel. */
export function toWireAnswer(answer: WebAnswer | Response) {
  if (answer instanceof Response) return toWireResponse(answer);
  const { status, headers = [], body = null } = answer;
  return {
    status,
    headers: toPairs(headers),
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  };
}

function toPairs(headers: NonNullable<WebAnswer['headers']>): HeaderList {
  if (Array.isArray(headers)) return headers;
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string'
      ? [[name, value] as [string, string]]
      : value.map((one: string): [string, string] => [name, one]),
  );
}
