import type { Duplex } from 'node:stream';
import { FRAME, MAX_FRAME_BYTES, StreamEndedError } from './byte-frames.ts';
import { Incoming } from './incoming-stream.ts';
import type { IncomingStream } from './incoming-stream.ts';
import { Outgoing } from './outgoing-stream.ts';
import type { ByteSource } from './outgoing-stream.ts';

export interface BytePipeOptions {
  readonly socket: Duplex;
  /** 1 on one side, 2 on the other: ids of the two directions never meet. */
  readonly firstId: 1 | 2;
  /** Bytes of one stream that may be under way beyond what its reader took. */
  readonly windowBytes: number;
  /** Streams open at once in one direction; more break the pipe. */
  readonly maxStreams: number;
  /** The other side does not keep to the rules. The pipe is of no use after it. */
  onBroken(error: Error): void;
}

/** type, stream id, length. */
const HEADER_BYTES = 9;

/**
 * Bodies and files beside the JSON channel (fd 4): many streams over one socket, each with its own credit. A stream is named by the
 * id that `send` gives and a message carries; nothing of it flows before the reader opened it, so it does not matter which of the
 * two sockets is read first, and nobody holds more than a window of what was not asked for.
 */
export class BytePipe {
  readonly #options: BytePipeOptions;
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #incoming = new Map<number, Incoming>();
  #nextId: number;
  #pending: Buffer = Buffer.alloc(0);
  #closed: Error | undefined;

  constructor(options: BytePipeOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
    options.socket.on('data', (chunk: Buffer) => this.#take(chunk));
    options.socket.on('close', () => this.close(new StreamEndedError('the other side is gone')));
  }

  /** `done` resolves at its end, however that came. It waits until the other side opens it; `cancel` gives it up. */
  send(source: ByteSource): { id: number; done: Promise<void>; cancel(reason: string): void } {
    const id = this.#nextId;
    this.#nextId += 2;
    const out = new Outgoing(source, (type, body) => this.#write(type, id, body));
    this.#outgoing.set(id, out);
    if (this.#closed !== undefined) out.cancel();
    const done = out.pump().finally(() => this.#outgoing.delete(id));
    return { id, done, cancel: (reason) => out.fail(reason) };
  }

  /** Once for each id that a message named. Read it to its end or return early; both free it. */
  open(id: number): IncomingStream {
    const { windowBytes, maxStreams } = this.#options;
    if (this.#incoming.has(id)) throw new RangeError(`stream ${id} is open already`);
    if (this.#incoming.size >= maxStreams) throw new RangeError(`more than ${maxStreams} streams at once`);
    const incoming = new Incoming(windowBytes, (type, body) => this.#write(type, id, body));
    if (this.#closed !== undefined) incoming.end(this.#closed);
    else this.#incoming.set(id, incoming);
    return incoming;
  }

  close(error: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const out of this.#outgoing.values()) out.cancel();
    for (const incoming of this.#incoming.values()) incoming.end(error);
    this.#incoming.clear();
  }

  #take(chunk: Buffer): void {
    if (this.#closed !== undefined) return;
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    try {
      while (this.#pending.length - at >= HEADER_BYTES) {
        const length = this.#pending.readUInt32BE(at + 5);
        if (length > MAX_FRAME_BYTES) throw new RangeError('a frame is too long');
        const end = at + HEADER_BYTES + length;
        if (this.#pending.length < end) break;
        const body = this.#pending.subarray(at + HEADER_BYTES, end);
        this.#frame(this.#pending[at] ?? -1, this.#pending.readUInt32BE(at + 1), body);
        at = end;
      }
      this.#pending = this.#pending.subarray(at);
    } catch (error) {
      const broken = error instanceof Error ? error : new Error(String(error));
      this.close(broken);
      this.#options.onBroken(broken);
    }
  }

  #frame(type: number, id: number, body: Buffer): void {
    if (type === FRAME.credit || type === FRAME.cancel) {
      // Of a stream that ended meanwhile: nothing to do any more.
      const out = this.#outgoing.get(id);
      if (type === FRAME.cancel) out?.cancel();
      else out?.addCredit(body.readUInt32BE(0));
      return;
    }
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) throw new RangeError(`a frame of stream ${id}, which nobody opened`);
    if (type === FRAME.data) return incoming.push(body);
    if (type !== FRAME.end && type !== FRAME.failed) throw new RangeError(`no frame is of type ${type}`);
    this.#incoming.delete(id);
    incoming.end(type === FRAME.end ? undefined : new StreamEndedError(body.toString('utf8')));
  }

  #write(type: number, id: number, body: Uint8Array): void {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header[0] = type;
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(body.byteLength, 5);
    const { socket } = this.#options;
    if (!socket.writable || this.#closed !== undefined) return;
    socket.cork();
    socket.write(header);
    // Copied: the source may write into its chunk again while the socket still holds it.
    if (body.byteLength > 0) socket.write(Buffer.from(body));
    socket.uncork();
  }
}
