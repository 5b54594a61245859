import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** What happens to bytes on their way, both ways. */
export type RoadMode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Connections are accepted, bytes are taken, and nothing goes on: a peer that is gone without having said so. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number };

/** A TCP proxy on loopback that a test can make bad. */
export interface TcpProxy {
  readonly port: number;
  set(mode: RoadMode): void;
  /** Ends every connection after half of its next chunk, as a cable that is pulled. Those without a chunk in `limitMs` end too. */
  cutInMidFrame(limitMs: number): Promise<void>;
  /** Resets every connection now. */
  reset(): void;
  close(): Promise<void>;
}

/** What one direction holds before its sender is told to wait. */
const HELD_BYTES = 64 * 1024;
const PASS: RoadMode = { kind: 'pass' };

interface Chunk {
  readonly bytes: Buffer;
  readonly at: number;
}

/** One direction of one connection. */
class Lane {
  isCutting = false;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #mode: () => RoadMode;
  readonly #chunks: Chunk[] = [];
  #held = 0;
  #isEnding = false;
  #isBlocked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, mode: () => RoadMode) {
    this.#from = from;
    this.#to = to;
    this.#mode = mode;
    from.on('data', (bytes: Buffer) => {
      this.#chunks.push({ bytes, at: performance.now() });
      this.#held += bytes.length;
      if (this.#held > HELD_BYTES) from.pause();
      this.pump();
    });
    from.on('end', () => {
      this.#isEnding = true;
      this.pump();
    });
    to.on('drain', () => {
      this.#isBlocked = false;
      this.pump();
    });
    for (const socket of [from, to]) socket.on('close', () => clearTimeout(this.#timer));
  }

  /** Moves what may move now, and sets a timer for what may move later. */
  pump(): void {
    clearTimeout(this.#timer);
    const mode = this.#mode();
    while (!this.#isBlocked && !this.#to.destroyed) {
      const [first] = this.#chunks;
      if (first === undefined) {
        if (this.#isEnding) this.#to.end();
        return;
      }
      if (this.isCutting) return this.#cut(first.bytes);
      if (mode.kind === 'hold') return;
      if (mode.kind === 'trickle') return this.#trickle(first, mode.bytesPerSecond);
      const waitMs = mode.kind === 'slow' ? first.at + mode.delayMs - performance.now() : 0;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        return;
      }
      this.#chunks.shift();
      this.#write(first.bytes);
    }
  }

  #trickle(first: Chunk, count: number): void {
    const rest = first.bytes.subarray(count);
    if (rest.length === 0) this.#chunks.shift();
    else this.#chunks[0] = { ...first, bytes: rest };
    this.#write(first.bytes.subarray(0, count));
    this.#timer = setTimeout(() => this.pump(), 1000);
  }

  #cut(bytes: Buffer): void {
    this.#to.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => {
      this.#from.resetAndDestroy();
      this.#to.resetAndDestroy();
    });
    this.#chunks.length = 0;
    this.#isBlocked = true;
  }

  #write(bytes: Buffer): void {
    this.#held -= bytes.length;
    if (this.#held <= HELD_BYTES) this.#from.resume();
    this.#isBlocked = !this.#to.write(bytes);
  }
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });

/** Opens a road to a port of this machine. `mode` is what it begins as. */
export const openTcpProxy = async (target: number, begin: RoadMode = PASS): Promise<TcpProxy> => {
  let mode = begin;
  const pairs = new Map<Socket, { upstream: Socket; lanes: Lane[] }>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const lanes = [new Lane(client, upstream, () => mode), new Lane(upstream, client, () => mode)];
    pairs.set(client, { upstream, lanes });
    const end = (): void => {
      pairs.delete(client);
      client.destroy();
      upstream.destroy();
    };
    // With half-open sockets `close` comes when both ways have ended, or with an error: nothing is on its way any more.
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  const port = await listening(server);
  const reset = (): void => {
    for (const [client, { upstream }] of pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  return {
    port,
    set: (next) => {
      mode = next;
      for (const { lanes } of pairs.values()) for (const lane of lanes) lane.pump();
    },
    cutInMidFrame: async (limitMs) => {
      const cut = [...pairs];
      for (const [, { lanes }] of cut) for (const lane of lanes) lane.isCutting = true;
      await new Promise((resolve) => setTimeout(resolve, limitMs));
      for (const [client, { upstream }] of cut) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
    },
    reset,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      reset();
      await closed;
    },
  };
};
