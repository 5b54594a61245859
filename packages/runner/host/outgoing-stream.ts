import { AsyncResource } from 'node:async_hooks';
import { FRAME, MAX_FRAME_BYTES, NOTHING } from './byte-frames.ts';
import type { WriteFrame } from './byte-frames.ts';

const MAX_TEXT_BYTES = 1024;

/** What can be sent: bytes as they are, a web stream, or anything that gives chunks. */
export type ByteSource = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** One stream on its way out: as fast as the other side gives credit. */
export class Outgoing {
  readonly #source: ByteSource;
  readonly #write: WriteFrame;
  #credit = 0;
  #wake: (() => void) | undefined;
  #stop: (() => void) | undefined;
  #isOver = false;
  #failure: string | undefined;

  constructor(source: ByteSource, write: WriteFrame) {
    this.#source = source;
    this.#write = write;
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    this.#wake?.();
  }

  cancel(): void {
    this.#isOver = true;
    this.#stop?.();
    this.#wake?.();
  }

  /** As `cancel`, and the other side is told why. */
  fail(reason: string): void {
    if (this.#isOver) return;
    this.#failure = reason;
    this.cancel();
  }

  async pump(): Promise<void> {
    const { next, stop } = toReader(this.#source);
    // It is called when a frame comes, and belongs to who sends: so does what the source then writes to its log.
    this.#stop = AsyncResource.bind(stop);
    try {
      // No end before the reader opened it: it would not know the stream yet.
      await this.#room();
      for (let chunk = await this.#orOver(next()); chunk !== undefined; chunk = await this.#orOver(next())) {
        for (let at = 0; at < chunk.byteLength && (await this.#room());) {
          const length = Math.min(chunk.byteLength - at, this.#credit, MAX_FRAME_BYTES);
          this.#credit -= length;
          this.#write(FRAME.data, chunk.subarray(at, at + length));
          at += length;
        }
      }
      this.#finish();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error.message : String(error);
      this.#finish();
      stop();
    }
  }

  #finish(): void {
    const isCut = this.#isOver || this.#failure !== undefined;
    if (isCut) this.#write(FRAME.failed, cut(this.#failure ?? 'cancelled'));
    else this.#write(FRAME.end, NOTHING);
    this.#isOver = true;
  }

  /** Waits for credit. False: it is over. */
  async #room(): Promise<boolean> {
    while (this.#credit <= 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#isOver;
  }

  async #orOver(chunk: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    if (this.#isOver) return undefined;
    const over = new Promise<undefined>((resolve) => {
      // Not assigned where it is written: V8 would take it for old (0087), and with it the stream.
      const wake = (): void => {
        if (this.#isOver) resolve(undefined);
      };
      this.#wake = wake;
    });
    // A source that never answers must not hold a stream that is over.
    chunk.catch(() => undefined);
    return Promise.race([chunk, over]);
  }
}

interface Reader {
  next(): Promise<Uint8Array | undefined>;
  stop(): void;
}

function toReader(source: ByteSource): Reader {
  if (source instanceof Uint8Array) {
    let rest: Uint8Array | undefined = source;
    return {
      async next() {
        const chunk = rest;
        rest = undefined;
        return chunk;
      },
      stop: () => undefined,
    };
  }
  // Not by its iterator: that hears of an end only when a chunk comes, and a quiet stream would never.
  if (source instanceof ReadableStream) {
    const reader = source.getReader();
    return {
      next: async () => checked((await reader.read()).value),
      stop: () => void reader.cancel().catch(() => undefined),
    };
  }
  const chunks = source[Symbol.asyncIterator]();
  return {
    async next() {
      const next: IteratorResult<unknown> = await chunks.next();
      return next.done === true ? undefined : checked(next.value);
    },
    stop: () => void chunks.return?.().catch(() => undefined),
  };
}

function checked(chunk: unknown): Uint8Array | undefined {
  if (chunk === undefined || chunk instanceof Uint8Array) return chunk;
  throw new TypeError('a stream of bytes gave something else');
}

function cut(text: string): Uint8Array {
  return Buffer.from(text, 'utf8').subarray(0, MAX_TEXT_BYTES);
}
