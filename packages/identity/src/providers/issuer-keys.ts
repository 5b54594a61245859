import { PlatformError } from '@switchyard/kernel';
import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { z } from 'zod';

export interface IssuerKeyOptions {
  /** Where the keys are; absent: the issuer's discovery document says it. */
  readonly jwksUrl?: string | undefined;
  /** After a look for an unknown `kid`, how long the next unknown one is refused without a look: forgeries are free to make. */
  readonly cooldownMs?: number;
  readonly maxAgeMs?: number;
  readonly timeoutMs?: number;
}

const COOLDOWN_MS = 30_000;
const MAX_AGE_MS = 10 * 60_000;
const TIMEOUT_MS = 5000;
/** Discovery documents and key sets of the large issuers have 2 to 20 KB. */
const MAX_DOCUMENT_BYTES = 512 * 1024;

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** The public keys of an issuer: fetched at first use, kept, fetched once more for an unknown `kid`. Throws UNAVAILABLE without them. */
export function createIssuerKeys(issuer: string, options: IssuerKeyOptions = {}): JWTVerifyGetKey {
  const { cooldownMs = COOLDOWN_MS, maxAgeMs = MAX_AGE_MS, timeoutMs = TIMEOUT_MS } = options;
  let opening: Promise<JWTVerifyGetKey> | undefined;

  async function open(): Promise<JWTVerifyGetKey> {
    const url = requireSecureUrl(options.jwksUrl ?? (await discover(issuer, timeoutMs)));
    return createRemoteJWKSet(url, {
      cooldownDuration: cooldownMs,
      cacheMaxAge: maxAgeMs,
      timeoutDuration: timeoutMs,
      [customFetch]: fetchDocument,
    });
  }

  return async (header, token) => {
    try {
      // A discovery that failed is not kept; while one is under way everybody waits for it.
      opening ??= open();
      return await (
        await opening
      )(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JOSENotSupported)
        throw PlatformError.of('BAD_TOKEN', undefined, { cause: error });
      if (error instanceof errors.JWKSMultipleMatchingKeys)
        throw PlatformError.of('BAD_TOKEN', undefined, { cause: error });
      await opening?.catch(() => (opening = undefined));
      throw toUnavailable(issuer, error);
    }
  };
}

async function discover(issuer: string, timeoutMs: number): Promise<string> {
  const url = requireSecureUrl(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const answer = await fetchDocument(url.href, { signal: AbortSignal.timeout(timeoutMs) });
  if (answer.status !== 200) throw new Error(`discovery answered ${answer.status}`);
  const document = discoverySchema.parse(await answer.json());
  if (document.issuer !== issuer) throw new Error(`the issuer calls itself ${document.issuer}`);
  return document.jwks_uri;
}

/** Redirects are not followed, and what is far too large is not read to its end. */
async function fetchDocument(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, redirect: 'error' });
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | null = answer.body;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_DOCUMENT_BYTES) throw new Error('the document is too large');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: answer.status, headers: answer.headers });
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Keys that came over a line anybody could write to prove nothing. Throws CONFIG. */
export function requireSecureUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'https:' || LOOPBACK.has(url.hostname))) return url;
  throw PlatformError.of('CONFIG', `${text} is not an https address`);
}

function toUnavailable(issuer: string, cause: unknown): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'The keys of the issuer cannot be read right now.', {
    cause: new Error(`keys of ${issuer}`, { cause }),
    retryAfterSec: 5,
  });
}
