import type { IncomingMessage } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { Client } from './client-address.ts';
import { listRequestHeaders } from './clean-headers.ts';
import type { Hop } from './clean-headers.ts';
import { isRequestOwn } from './decide-same-origin.ts';
import { wayPlatform, waySite } from './decide-way.ts';
import type { Way } from './decide-way.ts';
import type { PortKind, ProxyParts } from './proxy-parts.ts';
import { takeMaskedCookie } from './read-carriers.ts';
import { limitSiteCookies } from './site-credentials.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** Tells proc that a site has its origin for itself; from outside it is taken away. */
const SITE_ORIGIN_HEADER = 'x-switchyard-site-origin';

export const wayOf = (request: IncomingMessage, parts: ProxyParts, port: PortKind): Way => {
  const { url = '/', headers } = request;
  return port === 'sites' || parts.isSiteHost(headers.host) ? waySite(url) : wayPlatform(url);
};

/** Throws NOT_FOUND where there is no service of that kind. */
export const upstreamsOf = ({ to }: Way, parts: ProxyParts): UpstreamPool => {
  const upstreams = parts.upstreams[to];
  if (upstreams === undefined) throw PlatformError.of('NOT_FOUND');
  return upstreams;
};

/**
 * A place for a client that came through a trusted proxy, and what gives it back; undefined: it needs none. Throws RATE_LIMITED when it has as
 * many as it may.
 */
export const takePlace = (client: Client, parts: ProxyParts): (() => void) | undefined => {
  if (!client.isTold) return undefined;
  const release = parts.toldClients.take(client.address);
  if (release === undefined)
    throw PlatformError.of('RATE_LIMITED', 'Too many requests of this address are under way.');
  return release;
};

const ownOrigins = (host: string | undefined, client: Client, publicOrigin: string | undefined): string[] => {
  const scheme = client.isTls ? 'https' : 'http';
  return [...(publicOrigin === undefined ? [] : [publicOrigin]), `${scheme}://${host ?? ''}`];
};

/** A cookie that is to be looked up, and whether the request may do with it what it wants. */
export interface CookieClaim {
  readonly cookie: string;
  readonly isOwn: boolean;
}

/** Takes the cookies that must not go further out of the headers, in place. Undefined: none is to be looked up. */
export const takeClaim = (
  request: IncomingMessage,
  parts: ProxyParts,
  { isUpgrade, client }: { isUpgrade: boolean; client: Client },
): CookieClaim | undefined => {
  const { headers, method = 'GET', url = '/' } = request;
  const cookie = takeMaskedCookie(headers, { method, url }, parts.carriers);
  if (cookie === undefined) return undefined;
  const origins = ownOrigins(headers.host, client, parts.publicOrigin);
  return { cookie, isOwn: isRequestOwn({ method, headers, isUpgrade, ownOrigins: origins }) };
};

/**
 * The token that a cookie stands for; undefined: nobody is signed in with it. Throws CSRF when it speaks for a request that another site made;
 * a site is told nothing of it then, for it may take requests from anywhere.
 */
export const unmaskClaim = async (
  { cookie, isOwn }: CookieClaim,
  parts: ProxyParts,
  { site }: Way,
): Promise<string | undefined> => {
  if (!isOwn && site !== undefined) return undefined;
  const token = await parts.unmask(cookie);
  if (token !== undefined && !isOwn) throw PlatformError.of('CSRF');
  return token;
};

/**
 * The headers for the service, as names in small letters and values in turn. The token comes after the cleaning: what `Connection` names is the
 * client's own, and this is not.
 */
export const writeHeaders = (
  request: IncomingMessage,
  { site }: Way,
  { token, hop }: { token: string | undefined; hop: Hop },
): string[] => {
  const { headers, method = 'GET' } = request;
  if (site !== undefined) limitSiteCookies(headers, site);
  const list = listRequestHeaders(headers, hop);
  if (token !== undefined) list.push('authorization', `Bearer ${token}`);
  if (site === 'own') list.push(SITE_ORIGIN_HEADER, 'own');
  // Else Node would announce chunks where there is no body.
  const isUnframed = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
  if (isUnframed && method !== 'GET' && method !== 'HEAD') list.push('content-length', '0');
  return list;
};
