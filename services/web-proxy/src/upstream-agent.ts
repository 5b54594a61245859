import { Agent } from 'node:http';
import type { ClientRequest } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { UpstreamAddress } from './upstream-pool.ts';

export interface UpstreamAgentOptions {
  /** Longest time until there is a connection, for TLS until both sides have proven themselves. */
  readonly connectTimeoutMs: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** A connection between two requests. */
interface Kept {
  readonly socket: Socket;
  readonly since: number;
  readonly bytesRead: number;
}

/** What a connection says of itself; a service says the same on all of them. */
interface Known {
  isConnected: boolean;
  /** So long the service keeps it without a request; undefined: it was not said. */
  keptMs: number | undefined;
}

const MOST_KEPT = 256;
const KEEP_ALIVE_PROBE_MS = 1000;
/** A service that ends a connection in the moment in which a request goes out has perhaps seen it: we let go of it before. */
const EARLIER_MS = 1000;

/**
 * The connections to one address, the last used one first. Node's own agent spends as much on finding a connection and on timing it as on the
 * request that goes over it, for it knows of many addresses and of limits; this one knows neither. Node asks an agent for no more than
 * `addRequest`, and tells a connection by `free` that its request is over.
 */
export class UpstreamAgent extends Agent {
  readonly #address: UpstreamAddress;
  readonly #options: UpstreamAgentOptions;
  readonly #known = new WeakMap<Socket, Known>();
  #kept: Kept[] = [];

  constructor(address: UpstreamAddress, options: UpstreamAgentOptions) {
    super({ keepAlive: true });
    this.#address = address;
    this.#options = options;
  }

  /** Gives a request its connection. Called by Node. */
  addRequest(request: ClientRequest): void {
    const kept = this.#take();
    if (kept !== undefined) request.reusedSocket = true;
    request.onSocket(kept ?? this.#connect());
  }

  /** Whether there was a connection; without one no byte of a request went out. */
  isConnected(socket: Socket): boolean {
    return this.#known.get(socket)?.isConnected === true;
  }

  /** Calls back once there is a connection; at once, where there is one. */
  onConnected(socket: Socket, listener: () => void): void {
    if (this.isConnected(socket)) listener();
    else socket.once(this.#connectedEvent, listener);
  }

  override destroy(): void {
    for (const { socket } of this.#kept) socket.destroy();
    this.#kept = [];
  }

  get #connectedEvent(): 'connect' | 'secureConnect' {
    return this.#address.isSecure ? 'secureConnect' : 'connect';
  }

  #take(): Socket | undefined {
    const now = this.#options.now();
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      const { socket, since, bytesRead } = kept;
      const keptMs = this.#known.get(socket)?.keptMs;
      const isLate = keptMs !== undefined && now - since > keptMs - EARLIER_MS;
      // What came between two requests would be taken for the answer to the next one.
      if (socket.writable && socket.bytesRead === bytesRead && !isLate) return socket;
      socket.destroy();
    }
    return undefined;
  }

  #connect(): Socket {
    const { hostname: host, port, isSecure } = this.#address;
    const { connectTimeoutMs } = this.#options;
    const common = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS };
    const socket = isSecure ? connectTls({ ...common, servername: host }) : connect(common);
    const known: Known = { isConnected: false, keptMs: undefined };
    this.#known.set(socket, known);
    const timer = setTimeout(() => socket.destroy(new Error('connecting took too long')), connectTimeoutMs);
    socket.once(this.#connectedEvent, () => {
      known.isConnected = true;
      clearTimeout(timer);
    });
    socket.on('free', () => this.#keep(socket));
    // Its request hears of it, too; between two requests nobody does.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      this.#kept = this.#kept.filter((each) => each.socket !== socket);
    });
    return socket;
  }

  #keep(socket: Socket): void {
    if (!socket.writable || this.#kept.length >= MOST_KEPT) socket.destroy();
    else this.#kept.push({ socket, since: this.#options.now(), bytesRead: socket.bytesRead });
  }

  /** Notes how long the service keeps a connection: of its first answer, for it says the same in every one. */
  noteKeepAlive(socket: Socket, rawHeaders: readonly string[]): void {
    const known = this.#known.get(socket);
    if (known === undefined || known.keptMs !== undefined) return;
    known.keptMs = readKeepAliveMs(rawHeaders);
  }
}

/** Milliseconds of `Keep-Alive: timeout=5`; without one a connection is kept until it ends. */
const readKeepAliveMs = (rawHeaders: readonly string[]): number => {
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'keep-alive');
  const seconds = at < 0 ? undefined : /timeout=(\d+)/iu.exec(rawHeaders[at + 1] ?? '')?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000;
};
