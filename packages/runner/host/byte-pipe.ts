import { FRAME, StreamEndedError } from './byte-frames.ts';
import { Incoming } from './incoming-stream.ts';
import type { IncomingStream } from './incoming-stream.ts';
import { Outgoing } from './outgoing-stream.ts';
import type { ByteSource } from './outgoing-stream.ts';

export interface BytePipeOptions {
  write(type: number, id: number, body: Uint8Array): void;
  /** 1 on one side, 2 on the other: ids of the two directions never meet. */
  readonly firstId: 1 | 2;
  /** Bytes of one stream that may be under way beyond what its reader took. */
  readonly windowBytes: number;
  /** Streams open at once in one direction; more break the pipe. */
  readonly maxStreams: number;
}

/**
 * Bodies and files beside the host channel: many streams, each with its own credit. A stream is named by the id that `send` gives
 * and a message carries; nothing of it flows before the reader opened it, and nobody holds more than a window of what was not asked for.
 */
export class BytePipe {
  readonly #options: BytePipeOptions;
  readonly #outgoing = new Map<number, { out: Outgoing; onLeft: () => void }>();
  readonly #incoming = new Map<number, Incoming>();
  #nextId: number;
  #closed: Error | undefined;

  constructor(options: BytePipeOptions) {
    this.#options = options;
    this.#nextId = options.firstId;
  }

  /**
   * `done` resolves at its end, however that came. It waits until the other side opens it; `cancel` gives it up. `onLeft`: its reader does
   * not want the rest; called before the source is closed.
   */
  send(
    source: ByteSource,
    onLeft: () => void = () => undefined,
  ): { id: number; done: Promise<void>; cancel(reason: string): void } {
    const id = this.#nextId;
    this.#nextId += 2;
    const out = new Outgoing(source, (type, body) => this.#write(type, id, body));
    this.#outgoing.set(id, { out, onLeft });
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
    for (const { out } of this.#outgoing.values()) out.cancel();
    for (const incoming of this.#incoming.values()) incoming.end(error);
    this.#incoming.clear();
  }

  /** Throws RangeError on a frame that breaks the rules: the pipe is of no use after it. */
  take(type: number, id: number, body: Buffer): void {
    if (this.#closed !== undefined) return;
    if (type === FRAME.credit || type === FRAME.cancel) {
      // Of a stream that ended meanwhile: nothing to do any more.
      const sending = this.#outgoing.get(id);
      if (type === FRAME.credit) return sending?.out.addCredit(body.readUInt32BE(0));
      sending?.onLeft();
      return sending?.out.cancel();
    }
    const incoming = this.#incoming.get(id);
    if (incoming === undefined) throw new RangeError(`a frame of stream ${id}, which nobody opened`);
    if (type === FRAME.data) return incoming.push(body);
    if (type !== FRAME.end && type !== FRAME.failed) throw new RangeError(`no frame is of type ${type}`);
    this.#incoming.delete(id);
    incoming.end(type === FRAME.end ? undefined : new StreamEndedError(body.toString('utf8')));
  }

  #write(type: number, id: number, body: Uint8Array): void {
    if (this.#closed === undefined) this.#options.write(type, id, body);
  }
}
