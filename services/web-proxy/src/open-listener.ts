import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { answerBadRequests } from './answer-bad-requests.ts';
import { MIN_TLS_VERSION } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import type { AddressCounts } from './count-by-address.ts';
import { drainServer, trackStreams } from './drain-server.ts';
import type { DrainLimits } from './drain-server.ts';

export interface ListenerLimits {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** How long a connection may be kept between two requests. */
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: Certificates;
  readonly limits: ListenerLimits;
  readonly connections: AddressCounts;
  /** Trusted proxies: they bring many clients over few connections, which are not counted as theirs. */
  readonly isTrusted: (address: string | undefined) => boolean;
  /** What was turned away before there was a request, and why. */
  readonly onRefused: (reason: string) => void;
}

export interface Listener {
  readonly port: number;
  readonly server: Server;
  /** Stops accepting; ends streams within `streamMs`, everything else after `waitMs`; resolves when nothing is open. */
  drain(limits: DrainLimits): Promise<void>;
}

/** Node looks this often for who has been too slow, so a limit is that much longer at most. */
const CHECKS_A_LIMIT = 4;
const CHECK_MS_AT_MOST = 5000;

const createWithLimits = (handle: RequestListener, { tls, limits }: ListenerOptions): Server => {
  const { headersTimeoutMs, requestTimeoutMs } = limits;
  const shortest = Math.min(headersTimeoutMs, requestTimeoutMs);
  const options = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(shortest / CHECKS_A_LIMIT, CHECK_MS_AT_MOST),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // Node would refuse it without a word of what is wrong; we do it ourselves.
    requireHostHeader: false,
    // Any other upgrade is a request like others, without the word.
    shouldUpgradeCallback: (request: { headers: { upgrade?: string | undefined } }) =>
      request.headers.upgrade?.toLowerCase() === 'websocket',
  };
  if (tls === undefined) return createServer(options, handle);
  const server = createSecureServer(
    {
      ...options,
      cert: tls.fallback.cert,
      key: tls.fallback.key,
      minVersion: MIN_TLS_VERSION,
      handshakeTimeout: headersTimeoutMs,
      SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
        done(null, tls.pick(name)),
    },
    handle,
  );
  tls.onChange(() => {
    const { cert, key } = tls.fallback;
    server.setSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
  });
  return server;
};

/** One address cannot take all the connections there are, and all together not more than there is memory for. */
const limitConnections = (server: Server, options: ListenerOptions): void => {
  server.maxConnections = options.limits.maxConnections;
  server.on('drop', () => options.onRefused('connections'));
  server.on('connection', (socket: Socket) => {
    if (options.isTrusted(socket.remoteAddress)) return;
    const release = options.connections.take(socket.remoteAddress ?? '');
    if (release !== undefined) return void socket.once('close', release);
    options.onRefused('connections_of_address');
    socket.destroy();
  });
};

export const openListener = async (handle: RequestListener, options: ListenerOptions): Promise<Listener> => {
  const server = createWithLimits(handle, options);
  // One more than may be, so that what is over is seen: Node leaves out what comes after.
  server.maxHeadersCount = options.limits.maxHeaders + 1;
  limitConnections(server, options);
  const streams = trackStreams(server);
  answerBadRequests(server, (status) => options.onRefused(String(status)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  let draining: Promise<void> | undefined;
  return { port, server, drain: (limits) => (draining ??= drainServer(server, streams, limits)) };
};
