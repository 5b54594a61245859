import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { PlatformError } from '@switchyard/kernel';
import { cleanRequestHeaders } from './clean-headers.ts';
import { isRequestOwn } from './decide-same-origin.ts';
import type { Forwarder } from './forwarder.ts';
import { countBody, decideLength } from './limit-body.ts';
import { takeMaskedCookie } from './read-carriers.ts';
import type { CarrierPolicy } from './read-carriers.ts';
import { decideUpstream, pathOf } from './route-table.ts';
import type { Upstream } from './route-table.ts';

export interface ProxyParts {
  readonly forwarder: Forwarder;
  /** Address of each upstream; undefined where there is none of that kind. */
  readonly targets: Readonly<Record<Upstream, string | undefined>>;
  /** The token behind a masked cookie; undefined when nobody is signed in with it. Throws UNAVAILABLE. */
  readonly unmask: (cookie: string) => Promise<string | undefined>;
  readonly carriers: CarrierPolicy;
  readonly publicOrigin: string | undefined;
  readonly maxBodyBytes: number;
  readonly makeRequestId: () => string;
}

/** Where the form around the attachments, its boundaries and headers, may add to the message's own limit. */
const FORM_OVERHEAD_BYTES = 256 * 1024;

const isSecure = (socket: Socket): boolean => socket instanceof TLSSocket;

const ownOrigins = (request: IncomingMessage, publicOrigin: string | undefined): string[] => {
  const scheme = isSecure(request.socket) ? 'https' : 'http';
  return [...(publicOrigin === undefined ? [] : [publicOrigin]), `${scheme}://${request.headers.host ?? ''}`];
};

/**
 * Makes a request from outside into one that a service may believe, in place: cookie swapped for the token it stands for,
 * headers cleaned. Throws CSRF when a cookie speaks for a request that another site made.
 */
const prepare = async (
  request: IncomingMessage,
  parts: ProxyParts,
  hop: { requestId: string; isUpgrade: boolean },
): Promise<string> => {
  const { headers, socket, method = 'GET', url = '/' } = request;
  const target = parts.targets[decideUpstream(pathOf(url))];
  if (target === undefined) throw PlatformError.of('NOT_FOUND');
  const cookie = takeMaskedCookie(headers, { method, url }, parts.carriers);
  const token = cookie === undefined ? undefined : await parts.unmask(cookie);
  if (token !== undefined) {
    const origins = ownOrigins(request, parts.publicOrigin);
    const isOwn = isRequestOwn({ method, headers, isUpgrade: hop.isUpgrade, ownOrigins: origins });
    if (!isOwn) throw PlatformError.of('CSRF');
    headers.authorization = `Bearer ${token}`;
  }
  cleanRequestHeaders(headers, {
    ...hop,
    remoteAddress: socket.remoteAddress ?? '',
    isTls: isSecure(socket),
  });
  return target;
};

const tooLarge = (limitBytes: number): PlatformError =>
  PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });

/** Forwards one request. Rejects with what is to be answered instead, as long as nothing was sent. */
export const proxyRequest = async (
  request: IncomingMessage,
  response: ServerResponse,
  parts: ProxyParts,
  requestId: string,
): Promise<void> => {
  const limit = parts.maxBodyBytes + FORM_OVERHEAD_BYTES;
  const verdict = decideLength(request.headers['content-length'], limit);
  if (verdict === 'far-too-large') response.setHeader('Connection', 'close');
  if (verdict !== 'fits') throw tooLarge(limit);
  const target = await prepare(request, parts, { requestId, isUpgrade: false });
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
    const target = await prepare(request, parts, { requestId: parts.makeRequestId(), isUpgrade: true });
    if (!socket.destroyed) parts.forwarder.upgrade(request, socket, head, target);
  } catch (error) {
    const status = error instanceof PlatformError ? error.status : 503;
    const line = STATUS_LINES[status] ?? '503 Service Unavailable\r\nRetry-After: 1';
    socket.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  }
};
