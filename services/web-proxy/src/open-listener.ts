import { createServer } from 'node:http';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxConnectionsPerAddress: number;
}

export interface Listener {
  readonly port: number;
  readonly server: Server;
  /** Stops accepting; ends streams after `streamMs`, everything else after `waitMs`; resolves when nothing is open. */
  drain(limits: { streamMs: number; waitMs: number }): Promise<void>;
}

/** Idle kept connections are ended by us only after a service behind a client's own proxy would have ended them. */
const KEEP_ALIVE_MS = 75_000;
const SWEEP_MS = 25;

/** One address cannot take all the connections there are. */
const limitConnections = (server: Server, limit: number): void => {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    if (count > limit) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
};

/** Sockets that carry a stream: an event stream, or after an upgrade (which the server itself no longer knows). */
const trackStreams = (server: Server): Set<Socket> => {
  const streams = new Set<Socket>();
  const add = (socket: Socket): void => {
    streams.add(socket);
    socket.once('close', () => streams.delete(socket));
  };
  server.on('upgrade', (_request, socket: Socket) => add(socket));
  server.on('request', (request, response: ServerResponse) => {
    if (request.headers.accept?.includes('text/event-stream') !== true) return;
    const { socket } = request;
    streams.add(socket);
    response.once('close', () => streams.delete(socket));
    socket.once('close', () => streams.delete(socket));
  });
  return streams;
};

const drainServer = async (
  server: Server,
  streams: ReadonlySet<Socket>,
  limits: { streamMs: number; waitMs: number },
) => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const endStreams = setTimeout(() => {
    for (const socket of streams) socket.destroy();
  }, limits.streamMs);
  const endAll = setTimeout(() => server.closeAllConnections(), limits.waitMs);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
  clearTimeout(endStreams);
  clearTimeout(endAll);
  for (const socket of streams) socket.destroy();
};

export const openListener = async (handle: RequestListener, options: ListenerOptions): Promise<Listener> => {
  const server = options.tls ? createSecureServer(options.tls, handle) : createServer(handle);
  server.headersTimeout = options.headersTimeoutMs;
  server.requestTimeout = options.requestTimeoutMs;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  limitConnections(server, options.maxConnectionsPerAddress);
  const streams = trackStreams(server);
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
