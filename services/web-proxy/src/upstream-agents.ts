import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

export interface UpstreamAgents {
  /** For an address with `https:`, and for any other. */
  readonly secure: HttpsAgent;
  readonly plain: HttpAgent;
  /** Whether there was a connection: for TLS once both sides have proven themselves. Without one no byte of a request went out. */
  isConnected(socket: Duplex): boolean;
  /** Calls back once there is a connection; at once, where there is one. */
  onConnected(socket: Duplex, listener: () => void): void;
  close(): void;
}

const SETTINGS = {
  keepAlive: true,
  maxSockets: Number.POSITIVE_INFINITY,
  maxFreeSockets: 256,
  scheduling: 'lifo' as const,
};

/** Connections to services, which are kept. Connecting takes `connectTimeoutMs` at most. */
export const createUpstreamAgents = (connectTimeoutMs: number): UpstreamAgents => {
  /** Those that are not there yet, and the event that says that they are. */
  const connecting = new WeakMap<Duplex, 'connect' | 'secureConnect'>();
  const watch = (socket: Duplex, connected: 'connect' | 'secureConnect'): void => {
    connecting.set(socket, connected);
    const timer = setTimeout(() => socket.destroy(new Error('connecting took too long')), connectTimeoutMs);
    socket.once(connected, () => {
      connecting.delete(socket);
      clearTimeout(timer);
    });
    socket.once('close', () => clearTimeout(timer));
  };
  const plain = new HttpAgent(SETTINGS);
  const secure = new HttpsAgent(SETTINGS);
  const watchAll = (agent: HttpAgent, connected: 'connect' | 'secureConnect'): void => {
    const createConnection = agent.createConnection.bind(agent);
    agent.createConnection = (options, done) => {
      const socket = createConnection(options, done);
      if (socket !== null && socket !== undefined) watch(socket, connected);
      return socket;
    };
  };
  watchAll(plain, 'connect');
  watchAll(secure, 'secureConnect');
  return {
    plain,
    secure,
    isConnected: (socket) => !connecting.has(socket),
    onConnected: (socket, listener) => {
      const event = connecting.get(socket);
      if (event === undefined) listener();
      else socket.once(event, listener);
    },
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
};
