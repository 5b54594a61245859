import type { IncomingHttpHeaders } from 'node:http';
import { COOKIE, QUERY } from '@switchyard/protocol';
import { readCookiePairs, writeCookiePairs } from './cookie-pairs.ts';

export interface CarrierPolicy {
  readonly maskedCookie: string;
  /** Cookies that hold a token itself. Dropped from outside unless config says otherwise. */
  readonly tokenCookies: readonly string[];
  readonly areTokenCookiesAccepted: boolean;
}

export const DEFAULT_CARRIERS: CarrierPolicy = {
  maskedCookie: COOKIE.masked,
  tokenCookies: [COOKIE.accessToken, COOKIE.idToken],
  areTokenCookiesAccepted: false,
};

/** Public operations take calls from other sites, with signatures of their own: nobody's sign-in belongs there. */
const WEBHOOK = /^\/api\/integrations\/bundles\/[^/]+\/[^/]+\/[^/]+\/public\//;

const hasOwnToken = (headers: IncomingHttpHeaders, url: string): boolean => {
  if (headers.authorization !== undefined) return true;
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  return query.has(QUERY.accessToken) || query.has(QUERY.streamTicket);
};

/**
 * Takes the cookies that must not go further out of the headers, in place, and answers the masked cookie's value when it
 * is to be looked up. An explicit token wins over the cookie; preflights and webhooks are never unmasked.
 *
 * Two of the masked cookie's name: a neighbour in the domain, or an older path, has set one of them. Which of them is the reader's own cannot
 * be told, and taking the first would let the neighbour sign him in as somebody else.
 */
export const takeMaskedCookie = (
  headers: IncomingHttpHeaders,
  { method, url }: { method: string; url: string },
  policy: CarrierPolicy,
): string | undefined => {
  if (headers.cookie === undefined) return undefined;
  const pairs = readCookiePairs(headers.cookie);
  const masked = pairs.filter(({ name }) => name === policy.maskedCookie);
  const isTaken = (name: string): boolean =>
    name === policy.maskedCookie || (!policy.areTokenCookiesAccepted && policy.tokenCookies.includes(name));
  const left = writeCookiePairs(pairs.filter(({ name }) => !isTaken(name)));
  if (left === undefined) delete headers.cookie;
  else headers.cookie = left;
  const value = masked.length === 1 ? masked[0]?.value : undefined;
  if (value === undefined || value === '') return undefined;
  const isUnmasked = method !== 'OPTIONS' && !WEBHOOK.test(url) && !hasOwnToken(headers, url);
  return isUnmasked ? value : undefined;
};
