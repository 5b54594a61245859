import { FRAME, NOTHING } from './byte-frames.ts';
import type { WriteFrame } from './byte-frames.ts';

/** Chunks that come in, for `for await`. */
export interface IncomingStream extends AsyncIterableIterator<Uint8Array> {
  return(): Promise<IteratorResult<Uint8Array>>;
  /** Resolves when the other side has said its end: from then on it takes no place in the pipe. */
  readonly ended: Promise<void>;
}

/** One stream on its way in: what was read is granted again. */
export class Incoming implements IncomingStream {
  readonly #write: WriteFrame;
  readonly #queue: Uint8Array[] = [];
  /** What the other side may still send. */
  #allowed: number;
  #waiter: (() => void) | undefined;
  #end: { error: Error | undefined } | undefined;
  #isCancelled = false;
  readonly #over = Promise.withResolvers<void>();
  readonly ended = this.#over.promise;

  constructor(windowBytes: number, write: WriteFrame) {
    this.#write = write;
    this.#allowed = 0;
    this.#grant(windowBytes);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(body: Uint8Array): void {
    this.#allowed -= body.byteLength;
    if (this.#allowed < 0) throw new RangeError('more bytes than were asked for');
    if (this.#isCancelled) return;
    // Copied: it is a view of a buffer that may be much larger.
    this.#queue.push(new Uint8Array(body));
    this.#waiter?.();
  }

  end(error: Error | undefined): void {
    this.#end ??= { error };
    this.#waiter?.();
    this.#over.resolve();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) {
        if (this.#end === undefined) this.#grant(chunk.byteLength);
        return { done: false, value: chunk };
      }
      if (this.#isCancelled) return { done: true, value: undefined };
      if (this.#end?.error !== undefined) throw this.#end.error;
      if (this.#end !== undefined) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#waiter = resolve;
      });
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#isCancelled && this.#end === undefined) this.#write(FRAME.cancel, NOTHING);
    this.#isCancelled = true;
    this.#queue.length = 0;
    this.#waiter?.();
    return { done: true, value: undefined };
  }

  #grant(bytes: number): void {
    this.#allowed += bytes;
    const body = Buffer.allocUnsafe(4);
    body.writeUInt32BE(bytes);
    this.#write(FRAME.credit, body);
  }
}

/** All of it, at most `maxBytes`. */
export async function collect(stream: IncomingStream, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    // Leaving the loop returns the stream, which tells the other side to stop.
    if (bytes > maxBytes) throw new RangeError(`more than ${maxBytes} bytes at once: send a stream`);
    chunks.push(chunk);
  }
  const whole = Buffer.concat(chunks, bytes);
  return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
}
