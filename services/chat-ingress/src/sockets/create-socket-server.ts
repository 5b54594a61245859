import type { Server as HttpServer } from 'node:http';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import type { Caller, Identity } from '@switchyard/identity';
import { toErrorBody } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import { isOwnOrigin } from './check-origin.ts';
import type { OriginRules } from './check-origin.ts';
import { serveSocket } from './serve-socket.ts';
import type { SocketParts } from './serve-socket.ts';
import { refuseOtherUpgrades } from './refuse-other-upgrades.ts';

export interface SocketServerParts extends SocketParts {
  identity: Pick<Identity, 'identify'>;
  origins: OriginRules;
  /** A message with its files; more ends the connection. */
  maxMessageBytes: number;
}

export interface SocketServer {
  readonly count: number;
  /** Ends every socket and takes no more. The HTTP server is its owner's to close. */
  close(): void;
}

const PATHS = ['/socket.io', '/cb/socket.io'];
// Events and framing around the files.
const OVERHEAD_BYTES = 2 * 1024 * 1024;

/** Socket.IO on an HTTP server, under its path and its alias (03 §5). */
export function createSocketServer(http: HttpServer, parts: SocketServerParts): SocketServer {
  refuseOtherUpgrades(http, PATHS);
  const servers = PATHS.map((path) => openServer(http, path, parts));
  return {
    get count() {
      return servers.reduce((sum, server) => sum + server.of('/').sockets.size, 0);
    },
    close() {
      for (const server of servers) {
        server.disconnectSockets(true);
        // Not server.close(): that closes the HTTP server as well, which still has answers to finish.
        server.engine.close();
      }
    },
  };
}

function openServer(http: HttpServer, path: string, parts: SocketServerParts): Server {
  const server = new Server(http, {
    path,
    serveClient: false,
    // Its way would leave them for a second without anybody who listens to their errors, and those with an answer before for ever.
    destroyUpgrade: false,
    maxHttpBufferSize: parts.maxMessageBytes + OVERHEAD_BYTES,
    allowRequest: (req, decide) => decide(null, isOwnOrigin(req.headers, parts.origins)),
  });
  const callers = new WeakMap<Socket, Caller>();
  server.use((socket, next) => {
    identify(parts, socket).then(
      (caller) => {
        callers.set(socket, caller);
        next();
      },
      (error: unknown) => next(toConnectError(error)),
    );
  });
  server.on('connection', (socket) => {
    const caller = callers.get(socket);
    if (caller === undefined) return void socket.disconnect(true);
    try {
      serveSocket(parts, socket, caller);
    } catch {
      // A shutdown, or the session's last place, came between its handshake and now.
      socket.disconnect(true);
    }
  });
  return server;
}

async function identify({ identity, streams }: SocketServerParts, socket: Socket): Promise<Caller> {
  const { headers, query, auth } = socket.handshake;
  const caller = await identity.identify({ headers, query, auth, allowQueryToken: false });
  streams.checkRoom(caller.sessionId);
  return caller;
}

/** A refused handshake reaches the client as `connect_error`, its `data` in the shape of an HTTP error. */
function toConnectError(error: unknown): Error {
  const { status, body } = toErrorBody(toRedisError(error));
  return Object.assign(new Error(body.detail.error), { data: { status, ...body } });
}
