import { decodeJwt } from 'jose';
import type { HeaderList } from '@switchyard/protocol';

export interface CleanPolicy {
  /** Names of cookies that are the platform's; a handler never gets them. */
  readonly platformCookies: ReadonlySet<string>;
  /** Issuer of the platform's own tokens; a handler never gets one. */
  readonly tokenIssuer: string;
  /** `Authorization` and what Cloudflare adds reach the handler. */
  readonly forwardAuthorization: boolean;
}

/** Of the connection between two hops (RFC 9110, 7.6.1), or the platform's to say. */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'kdc-stream-id',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-session-id',
  'x-id-token',
  'x-real-ip',
  'x-session-id',
  'x-user-type',
]);
const NOT_FORWARDED_PREFIX = /^(cf-|x-forwarded-|x-switchyard-)/u;
export const CLOUDFLARE_COOKIE = 'CF_Authorization';

/**
 * The headers that a handler sees, names in lower case, order and repeats kept. What names the connection, and what proves somebody to
 * the platform, stays here.
 */
export function cleanRequestHeaders(rawHeaders: readonly string[], policy: CleanPolicy): HeaderList {
  const pairs: HeaderList = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    pairs.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  const named = new Set(
    pairs.filter(([name]) => name === 'connection').flatMap(([, value]) => listOf(value)),
  );
  return pairs.flatMap(([name, value]): HeaderList => {
    if (NOT_FORWARDED.has(name) || named.has(name)) return [];
    if (NOT_FORWARDED_PREFIX.test(name))
      return policy.forwardAuthorization && name.startsWith('cf-') ? [[name, value]] : [];
    if (name === 'authorization') return mayForward(value, policy) ? [[name, value]] : [];
    if (name !== 'cookie') return [[name, value]];
    const kept = withoutPlatformCookies(value, policy);
    return kept === '' ? [] : [[name, kept]];
  });
}

/** The cookies that are the site's, as they were written. */
function withoutPlatformCookies(header: string, { platformCookies }: CleanPolicy): string {
  return header
    .split(';')
    .filter((pair) => !platformCookies.has((pair.split('=', 1)[0] ?? '').trim()))
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .join('; ');
}

/** Whatever a route asks for: a token of the platform's own, which its proxy put in for a cookie, opens more than the site. */
function mayForward(value: string, { forwardAuthorization, tokenIssuer }: CleanPolicy): boolean {
  if (!forwardAuthorization) return false;
  const token = /^Bearer +(\S+)$/iu.exec(value)?.[1];
  if (token === undefined) return true;
  try {
    return decodeJwt(token).iss !== tokenIssuer;
  } catch {
    return true;
  }
}

function listOf(value: string): string[] {
  return value.split(',').map((one) => one.trim().toLowerCase());
}
