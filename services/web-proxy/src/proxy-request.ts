import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { isPage } from './answer-headers.ts';
import type { AnswerDefaults } from './answer-headers.ts';
import type { HeadGuard } from './check-head.ts';
import { cleanRequestHeaders } from './clean-headers.ts';
import type { Client, ClientReader } from './client-address.ts';
import type { AddressCounts } from './count-by-address.ts';
import { isRequestOwn } from './decide-same-origin.ts';
import { wayPlatform, waySite } from './decide-way.ts';
import type { Way } from './decide-way.ts';
import type { Forward, Forwarder } from './forwarder.ts';
import { countBody, decideLength, hasBody } from './limit-body.ts';
import { takeMaskedCookie } from './read-carriers.ts';
import type { CarrierPolicy } from './read-carriers.ts';
import { pathOf } from './route-table.ts';
import type { BodyKind, Upstream } from './route-table.ts';
import { limitSiteAnswer, limitSiteCookies } from './site-credentials.ts';
import type { MatchesSiteHost } from './site-hosts.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { BodyWatch } from './watch-bodies.ts';
import { writeRefusal } from './write-refusal.ts';

export interface ProxyParts {
  readonly forwarder: Forwarder;
  /** Addresses of each service; undefined where there is none of that kind. */
  readonly upstreams: Readonly<Record<Upstream, UpstreamPool | undefined>>;
  /** The token behind a masked cookie; undefined when nobody is signed in with it. Throws UNAVAILABLE. */
  readonly unmask: (cookie: string) => Promise<string | undefined>;
  readonly carriers: CarrierPolicy;
  readonly publicOrigin: string | undefined;
  /** Host names that are sites whatever port they came to. */
  readonly isSiteHost: MatchesSiteHost;
  readonly clients: ClientReader;
  /** Requests under way of clients that a trusted proxy tells of; others are counted by their connections. */
  readonly toldClients: AddressCounts;
  readonly heads: HeadGuard;
  /** Largest body of each kind, in bytes. */
  readonly maxBodyBytes: Readonly<Record<BodyKind, number>>;
  readonly bodies: BodyWatch;
  /** Longest silence of a service, and of a site. */
  readonly idleTimeoutMs: { readonly platform: number; readonly site: number };
  readonly answerDefaults: AnswerDefaults;
  readonly makeRequestId: () => string;
}

/** What a listener is for: the platform, or sites alone. */
export type PortKind = 'platform' | 'sites';

/** Where the form around the attachments, its boundaries and headers, may add to the message's own limit. */
const FORM_OVERHEAD_BYTES = 256 * 1024;
/** Tells proc that a site has its origin for itself; from outside it is taken away. */
const SITE_ORIGIN_HEADER = 'x-switchyard-site-origin';

const ownOrigins = (host: string | undefined, client: Client, publicOrigin: string | undefined): string[] => {
  const scheme = client.isTls ? 'https' : 'http';
  return [...(publicOrigin === undefined ? [] : [publicOrigin]), `${scheme}://${host ?? ''}`];
};

const wayOf = (request: IncomingMessage, parts: ProxyParts, port: PortKind): Way => {
  const { url = '/', headers } = request;
  return port === 'sites' || parts.isSiteHost(headers.host) ? waySite(url) : wayPlatform(url);
};

const checkOrClose = (request: IncomingMessage, response: ServerResponse, heads: HeadGuard): void => {
  try {
    heads.check(request);
  } catch (error) {
    response.setHeader('Connection', 'close');
    throw error;
  }
};

const upstreamsOf = ({ to }: Way, parts: ProxyParts): UpstreamPool => {
  const upstreams = parts.upstreams[to];
  if (upstreams === undefined) throw PlatformError.of('NOT_FOUND');
  return upstreams;
};

/** Gives a client that came through a trusted proxy a place until `over`. Throws RATE_LIMITED when it has as many as it may. */
const takePlace = (client: Client, parts: ProxyParts, over: (release: () => void) => unknown): void => {
  if (!client.isTold) return;
  const release = parts.toldClients.take(client.address);
  if (release === undefined)
    throw PlatformError.of('RATE_LIMITED', 'Too many requests of this address are under way.');
  over(release);
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
  { requestId, isUpgrade, client }: { requestId: string; isUpgrade: boolean; client: Client },
): Promise<void> => {
  const { headers, method = 'GET', url = '/' } = request;
  const cookie = takeMaskedCookie(headers, { method, url }, parts.carriers);
  let token: string | undefined;
  if (cookie !== undefined) {
    const origins = ownOrigins(headers.host, client, parts.publicOrigin);
    const isOwn = isRequestOwn({ method, headers, isUpgrade, ownOrigins: origins });
    token = isOwn || site === undefined ? await parts.unmask(cookie) : undefined;
    if (token !== undefined && !isOwn) throw PlatformError.of('CSRF');
  }
  if (site !== undefined) limitSiteCookies(headers, site);
  cleanRequestHeaders(headers, { requestId, isUpgrade, isTls: client.isTls, remoteAddress: client.address });
  // After the cleaning: what `Connection` names is the client's own, and this is not.
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (site === 'own') headers[SITE_ORIGIN_HEADER] = 'own';
};

const answerRules = ({ site }: Way, { carriers, answerDefaults }: ProxyParts): Forward['onAnswer'] => {
  const { maskedCookie, tokenCookies } = carriers;
  const defaults = Object.entries(site === 'own' ? answerDefaults.ownSite : answerDefaults.platform);
  return (headers, response) => {
    if (site !== undefined) limitSiteAnswer(headers, site, new Set([maskedCookie, ...tokenCookies]));
    const pages = site === undefined && isPage(headers) ? Object.entries(answerDefaults.page) : [];
    for (const [name, value] of [...defaults, ...pages])
      if (headers[name.toLowerCase()] === undefined) response.setHeader(name, value);
  };
};

const tooLarge = (limitBytes: number): PlatformError =>
  PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });

/** Passes a body on as long as it keeps its limits; `onFailed` is told once when it does not. */
const watchBody = (
  request: IncomingMessage,
  limitBytes: number,
  bodies: BodyWatch,
  onFailed: (error: PlatformError) => void,
) => {
  bodies.watch(request, () => onFailed(PlatformError.of('REQUEST_TIMEOUT')));
  // One that announced its length cannot be longer: the parser takes what follows for the next request.
  return request.headers['transfer-encoding'] === undefined
    ? request
    : countBody(request, limitBytes, () => onFailed(tooLarge(limitBytes)));
};

/** Forwards one request. Rejects with what is to be answered instead, as long as nothing was sent. */
export const proxyRequest = async (
  request: IncomingMessage,
  response: ServerResponse,
  parts: ProxyParts,
  { requestId, port }: { requestId: string; port: PortKind },
): Promise<void> => {
  checkOrClose(request, response, parts.heads);
  const way = wayOf(request, parts, port);
  const limit = parts.maxBodyBytes[way.body] + FORM_OVERHEAD_BYTES;
  const verdict = decideLength(request.headers['content-length'], limit);
  if (verdict === 'far-too-large') response.setHeader('Connection', 'close');
  if (verdict !== 'fits') throw tooLarge(limit);
  const upstreams = upstreamsOf(way, parts);
  const client = parts.clients.read(request);
  takePlace(client, parts, (release) => response.once('close', release));
  await prepare(request, parts, way, { requestId, isUpgrade: false, client });
  if (response.destroyed) return; // the client left while its cookie was looked up
  await new Promise<void>((resolve, reject) => {
    response.once('close', resolve);
    const failBody = (error: PlatformError): void => {
      if (error.code === 'REQUEST_TIMEOUT' && !response.headersSent)
        response.setHeader('Connection', 'close');
      reject(error);
      parts.forwarder.abandon(request);
    };
    parts.forwarder.forward({
      request,
      response,
      upstreams,
      path: way.target,
      idleTimeoutMs: way.site === undefined ? parts.idleTimeoutMs.platform : parts.idleTimeoutMs.site,
      onAnswer: answerRules(way, parts),
      onFailed: reject,
      body: hasBody(request) ? watchBody(request, limit, parts.bodies, failBody) : undefined,
    });
  });
};

/** Forwards a WebSocket. There is no response object yet, so a refusal is written by hand. Resolves when it is on its way or refused. */
export const proxyUpgrade = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: ProxyParts,
  log: Log,
): Promise<void> => {
  socket.on('error', () => socket.destroy());
  const requestId = parts.makeRequestId();
  const fields = { request_id: requestId, path: pathOf(request.url ?? '') };
  socket.once('close', () => log.info('websocket ended', fields));
  try {
    parts.heads.check(request);
    const way = wayOf(request, parts, 'platform');
    // Sites have no WebSockets.
    if (way.site !== undefined) throw PlatformError.of('NOT_FOUND');
    const upstreams = upstreamsOf(way, parts);
    const client = parts.clients.read(request);
    takePlace(client, parts, (release) => socket.once('close', release));
    await prepare(request, parts, way, { requestId, isUpgrade: true, client });
    if (!socket.destroyed) parts.forwarder.upgrade(request, socket, head, { upstreams, path: way.target });
  } catch (error) {
    socket.end(
      writeRefusal(error instanceof PlatformError ? error : PlatformError.of('UNAVAILABLE'), requestId),
    );
  }
};
