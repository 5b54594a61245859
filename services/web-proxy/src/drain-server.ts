import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface DrainLimits {
  /** Streams end one after the other within this time, so that their clients do not all come back in one moment. */
  readonly streamMs: number;
  /** After this what is left is ended. */
  readonly waitMs: number;
}

const SWEEP_MS = 25;

/** Sockets that carry a stream: an event stream, or after an upgrade (which the server itself no longer knows). */
export const trackStreams = (server: Server): Set<Socket> => {
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

/** Ends a share of the streams that are left, so that the last ones go when the time is over. */
const endShare = (streams: ReadonlySet<Socket>, leftMs: number): void => {
  let count = leftMs <= SWEEP_MS ? streams.size : Math.ceil((streams.size * SWEEP_MS) / leftMs);
  for (const socket of streams) {
    if (count <= 0) return;
    count -= 1;
    socket.destroy();
  }
};

/** Accepts nothing more and resolves when nothing is open. */
export const drainServer = async (
  server: Server,
  streams: ReadonlySet<Socket>,
  limits: DrainLimits,
): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Who is answered now comes back over another connection, to somebody who stays.
  server.prependListener('request', (_request, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  let leftMs = limits.streamMs;
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    leftMs -= SWEEP_MS;
    endShare(streams, leftMs);
  }, SWEEP_MS);
  const endAll = setTimeout(() => {
    server.closeAllConnections();
    endShare(streams, 0);
  }, limits.waitMs);
  server.closeIdleConnections();
  endShare(streams, leftMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(endAll);
};
