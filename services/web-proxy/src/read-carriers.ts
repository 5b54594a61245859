import type { IncomingHttpHeaders } from 'node:http';
import { COOKIE, QUERY } from '@switchyard/protocol';
import { parseCookie, stringifyCookie } from 'cookie';

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

/** Values go on as they came: decoding and encoding again could change one that is signed. */
const asIs = (value: string): string => value;

/**
 * Two of one name: a neighbour in the domain, or an older path, has set one of them. Which of them is the reader's own cannot be told, and
 * taking the first would let the neighbour sign him in as somebody else.
 */
const countCookies = (header: string, name: string): number =>
  header.split(';').filter((pair) => pair.split('=', 1)[0]?.trim() === name).length;

const hasOwnToken = (headers: IncomingHttpHeaders, url: string): boolean => {
  if (headers.authorization !== undefined) return true;
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  return query.has(QUERY.accessToken) || query.has(QUERY.streamTicket);
};

/**
 * Takes the cookies that must not go further out of the headers, in place, and answers the masked cookie's value when it
 * is to be looked up. An explicit token wins over the cookie; preflights and webhooks are never unmasked.
 */
export const takeMaskedCookie = (
  headers: IncomingHttpHeaders,
  { method, url }: { method: string; url: string },
  policy: CarrierPolicy,
): string | undefined => {
  if (headers.cookie === undefined) return undefined;
  const isAmbiguous = countCookies(headers.cookie, policy.maskedCookie) > 1;
  const cookies = parseCookie(headers.cookie, { decode: asIs });
  const masked = cookies[policy.maskedCookie];
  delete cookies[policy.maskedCookie];
  if (!policy.areTokenCookiesAccepted) for (const name of policy.tokenCookies) delete cookies[name];
  const left = stringifyCookie(cookies, { encode: asIs });
  if (left === '') delete headers.cookie;
  else headers.cookie = left;
  if (masked === undefined || masked === '' || isAmbiguous) return undefined;
  const isUnmasked = method !== 'OPTIONS' && !WEBHOOK.test(url) && !hasOwnToken(headers, url);
  return isUnmasked ? masked : undefined;
};
