import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { PlatformError } from '@switchyard/kernel';
import { cleanRequestHeaders } from './clean-headers.ts';
import { isRequestOwn } from './decide-same-origin.ts';
import { wayPlatform, waySite } from './decide-way.ts';
import type { Way } from './decide-way.ts';
import type { Forward, Forwarder } from './forwarder.ts';
import { countBody, decideLength } from './limit-body.ts';
import { takeMaskedCookie } from './read-carriers.ts';
import type { CarrierPolicy } from './read-carriers.ts';
import type { BodyKind, Upstream } from './route-table.ts';
import { limitSiteAnswer, limitSiteCookies } from './site-credentials.ts';
import type { MatchesSiteHost } from './site-hosts.ts';

export interface ProxyParts {
  readonly forwarder: Forwarder;
  /** Address of each upstream; undefined where there is none of that kind. */
  readonly targets: Readonly<Record<Upstream, string | undefined>>;
  /** The token behind a masked cookie; undefined when nobody is signed in with it. Throws UNAVAILABLE. */
  readonly unmask: (cookie: string) => Promise<string | undefined>;
  readonly carriers: CarrierPolicy;
  readonly publicOrigin: string | undefined;
  /** Host names that are sites whatever port they came to. */
  readonly isSiteHost: MatchesSiteHost;
  /** Largest body of each kind, in bytes. */
  readonly maxBodyBytes: Readonly<Record<BodyKind, number>>;
  /** Longest silence of a service, and of a site. */
  readonly idleTimeoutMs: { readonly platform: number; readonly site: number };
  /** Set on answers where the service has not set its own. */
  readonly answerHeaders: { readonly platform: AnswerHeaders; readonly ownSite: AnswerHeaders };
  readonly makeRequestId: () => string;
}

export type AnswerHeaders = Readonly<Record<string, string>>;
/** What a listener is for: the platform, or sites alone. */
export type PortKind = 'platform' | 'sites';

/** Where the form around the attachments, its boundaries and headers, may add to the message's own limit. */
const FORM_OVERHEAD_BYTES = 256 * 1024;
/** Tells proc that a site has its origin for itself; from outside it is taken away. */
const SITE_ORIGIN_HEADER = 'x-switchyard-site-origin';

const isSecure = (socket: Socket): boolean => socket instanceof TLSSocket;

const ownOrigins = (request: IncomingMessage, publicOrigin: string | undefined): string[] => {
  const scheme = isSecure(request.socket) ? 'https' : 'http';
  return [...(publicOrigin === undefined ? [] : [publicOrigin]), `${scheme}://${request.headers.host ?? ''}`];
};

const wayOf = (request: IncomingMessage, parts: ProxyParts, port: PortKind): Way => {
  const { url = '/', headers } = request;
  return port === 'sites' || parts.isSiteHost(headers.host) ? waySite(url) : wayPlatform(url);
};

const targetOf = ({ to }: Way, parts: ProxyParts): string => {
  const target = parts.targets[to];
  if (target === undefined) throw PlatformError.of('NOT_FOUND');
  return target;
};

/**
 * Makes a request from outside into one that a service may believe, in place: cookie swapped for the token it stands for,
 * headers cleaned. Throws CSRF when a cookie speaks for a request that another site made; a site is told nothing of it then,
 * for it may take requests from anywhere.
 */
const prepare = async (
  request: IncomingMessage,
  parts: ProxyParts,
  { site }: Way,
  hop: { requestId: string; isUpgrade: boolean },
): Promise<void> => {
  const { headers, socket, method = 'GET', url = '/' } = request;
  const cookie = takeMaskedCookie(headers, { method, url }, parts.carriers);
  if (cookie !== undefined) {
    const origins = ownOrigins(request, parts.publicOrigin);
    const isOwn = isRequestOwn({ method, headers, isUpgrade: hop.isUpgrade, ownOrigins: origins });
    const token = isOwn || site === undefined ? await parts.unmask(cookie) : undefined;
    if (token !== undefined && !isOwn) throw PlatformError.of('CSRF');
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
  }
  if (site !== undefined) limitSiteCookies(headers, site);
  cleanRequestHeaders(headers, {
    ...hop,
    remoteAddress: socket.remoteAddress ?? '',
    isTls: isSecure(socket),
  });
  if (site === 'own') headers[SITE_ORIGIN_HEADER] = 'own';
};

const answerRules = ({ site }: Way, parts: ProxyParts): Forward['onAnswer'] => {
  const { maskedCookie, tokenCookies } = parts.carriers;
  const defaults = site === 'own' ? parts.answerHeaders.ownSite : parts.answerHeaders.platform;
  return (headers, response) => {
    if (site !== undefined) limitSiteAnswer(headers, site, new Set([maskedCookie, ...tokenCookies]));
    for (const [name, value] of Object.entries(defaults))
      if (headers[name.toLowerCase()] === undefined) response.setHeader(name, value);
  };
};

const tooLarge = (limitBytes: number): PlatformError =>
  PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });

/** Forwards one request. Rejects with what is to be answered instead, as long as nothing was sent. */
export const proxyRequest = async (
  request: IncomingMessage,
  response: ServerResponse,
  parts: ProxyParts,
  { requestId, port }: { requestId: string; port: PortKind },
): Promise<void> => {
  const way = wayOf(request, parts, port);
  const limit = parts.maxBodyBytes[way.body] + FORM_OVERHEAD_BYTES;
  const verdict = decideLength(request.headers['content-length'], limit);
  if (verdict === 'far-too-large') response.setHeader('Connection', 'close');
  if (verdict !== 'fits') throw tooLarge(limit);
  const target = targetOf(way, parts);
  await prepare(request, parts, way, { requestId, isUpgrade: false });
  if (response.destroyed) return; // the client left while its cookie was looked up
  const isCounted = request.headers['transfer-encoding'] !== undefined;
  await new Promise<void>((resolve, reject) => {
    response.once('close', resolve);
    const exceed = (): void => {
      reject(tooLarge(limit));
      parts.forwarder.abandon(request);
    };
    const body = isCounted ? countBody(request, limit, exceed) : undefined;
    parts.forwarder.forward({
      request,
      response,
      target,
      path: way.target,
      idleTimeoutMs: way.site === undefined ? parts.idleTimeoutMs.platform : parts.idleTimeoutMs.site,
      onAnswer: answerRules(way, parts),
      onFailed: reject,
      ...(body === undefined ? {} : { body }),
    });
  });
};

const STATUS_LINES: Readonly<Record<number, string>> = { 403: '403 Forbidden', 404: '404 Not Found' };

/** Forwards a WebSocket. There is no response object yet, so a refusal is written by hand. */
export const proxyUpgrade = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: ProxyParts,
): Promise<void> => {
  socket.on('error', () => socket.destroy());
  try {
    const way = wayOf(request, parts, 'platform');
    // Sites have no WebSockets.
    if (way.site !== undefined) throw PlatformError.of('NOT_FOUND');
    const target = targetOf(way, parts);
    await prepare(request, parts, way, { requestId: parts.makeRequestId(), isUpgrade: true });
    if (!socket.destroyed) parts.forwarder.upgrade(request, socket, head, target);
  } catch (error) {
    const status = error instanceof PlatformError ? error.status : 503;
    const line = STATUS_LINES[status] ?? '503 Service Unavailable\r\nRetry-After: 1';
    socket.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  }
};
