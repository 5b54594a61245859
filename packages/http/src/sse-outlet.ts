import { encodeSseFrame } from './encode-sse-frame.ts';
import type { SseFrame } from './encode-sse-frame.ts';

/** A stream as its outlet sees it. */
export interface OutletStream {
  /** Another part of the time after which silence is broken has gone by. */
  onBeat(): void;
}

/** Beats after which a stream that wrote nothing says something. */
export const BEATS_OF_SILENCE = 3;
const KEEPALIVE_MS = 3000;

/**
 * What the open event streams of a process share: one timer against silence, and the bytes of the frame that was written last. A frame
 * that goes to many readers goes to them one after the other, so the last one is all that has to be kept. Nobody has to close it: the
 * timer is there while streams are.
 */
export class SseOutlet {
  readonly #beatMs: number;
  readonly #streams = new Set<OutletStream>();
  #beat: NodeJS.Timeout | undefined;
  #last: SseFrame = {};
  #lastChunk: Buffer | undefined;

  /** `keepaliveMs`: a comment goes out after at most this much silence, and at least two thirds of it (03 §3). */
  constructor(keepaliveMs = KEEPALIVE_MS) {
    this.#beatMs = keepaliveMs / BEATS_OF_SILENCE;
  }

  add(stream: OutletStream): void {
    this.#streams.add(stream);
    this.#beat ??= setInterval(() => {
      for (const each of this.#streams) each.onBeat();
    }, this.#beatMs).unref();
  }

  remove(stream: OutletStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  /** A frame as a chunk of a chunked answer, with its length. Equal frames one after the other share their bytes: do not write to it. */
  chunkOf(frame: SseFrame): Buffer {
    const last = this.#last;
    const chunk = this.#lastChunk;
    if (chunk !== undefined && isSame(last, frame)) return chunk;
    const text = encodeSseFrame(frame);
    this.#last = frame;
    return (this.#lastChunk = Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`));
  }
}

function isSame(a: SseFrame, b: SseFrame): boolean {
  return (
    a.id === b.id &&
    a.event === b.event &&
    a.data === b.data &&
    a.comment === b.comment &&
    a.retryMs === b.retryMs
  );
}
