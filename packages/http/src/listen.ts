import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { AppMessages } from './app-messages.ts';
import type { ServerCertificate } from './server-certificate.ts';

export interface ListenOptions {
  /** 0 takes a free port. */
  port: number;
  host: string;
  /** How long a client may take to send its headers, and its whole request. Streams going out are not counted. */
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
  /** Longer than a proxy's own idle time, so that the proxy and not we end an idle connection. */
  keepAliveTimeoutMs?: number;
  /** What requests and answers are made by; Node's own without. */
  messages?: AppMessages;
  /** With it HTTPS is spoken, and nothing else. */
  certificate?: ServerCertificate | undefined;
}

export interface Listening {
  readonly port: number;
  readonly host: string;
  readonly server: Server;
  /** Stops accepting, ends idle keep-alive sockets, waits for requests under way at most `waitMs`, then destroys what is left. */
  close(waitMs: number): Promise<void>;
}

// How often sockets that became idle since are looked for while closing.
const SWEEP_MS = 50;

export async function listen(app: RequestListener, options: ListenOptions): Promise<Listening> {
  const { certificate, messages } = options;
  const server =
    certificate === undefined ? createServer({ ...messages }, app) : openSecure(app, certificate, messages);
  server.headersTimeout = options.headersTimeoutMs ?? 20_000;
  server.requestTimeout = options.requestTimeoutMs ?? 120_000;
  server.keepAliveTimeout = options.keepAliveTimeoutMs ?? 75_000;
  // Upgraded sockets (WebSocket) are not in the server's own list, so all of them are kept here.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  let closing: Promise<void> | undefined;
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: options.host,
    server,
    close: (waitMs) => (closing ??= closeServer(server, sockets, waitMs)),
  };
}

function openSecure(
  app: RequestListener,
  certificate: ServerCertificate,
  messages: AppMessages | undefined,
): Server {
  const server = createSecureServer({ ...messages, ...certificate.current() }, app);
  certificate.onChange((pem) => server.setSecureContext(pem));
  return server;
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>, waitMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const hard = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, waitMs);
  server.closeIdleConnections();
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(hard);
  }
}
