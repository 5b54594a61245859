import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { encodeSseFrame } from './encode-sse-frame.ts';
import type { SseFrame } from './encode-sse-frame.ts';
import { SSE_CONTENT_TYPE } from './request-context.ts';
import { BEATS_OF_SILENCE, SseOutlet } from './sse-outlet.ts';

export interface SseOptions {
  /** Bytes that may wait for the client before it counts as behind. */
  maxBufferBytes?: number;
  /** How long a client that is behind may take nothing before the stream is ended. */
  drainLimitMs?: number;
  /** What all streams of the process share; without it this one has its own. */
  outlet?: SseOutlet;
  /** What the client is told to wait before it comes back. */
  retryMs?: number;
  headers?: Record<string, string>;
  /** Called once when the stream is over, for whatever reason. */
  onEnd?: (reason: SseCloseReason) => void;
}

export type SseCloseReason = 'ended' | 'client_gone' | 'client_slow';

/** `sent`: go on. `behind`: it is written, but the client has much to read; write no more before `whenDrained`. `over`: nobody reads. */
export type SseWritten = 'sent' | 'behind' | 'over';

// How long the last bytes may take after `close` before the socket is destroyed.
const FLUSH_LIMIT_MS = 5000;
const KEEPALIVE: SseFrame = { comment: 'keepalive' };

/**
 * One open event stream. A caller that heeds `behind`, or awaits every `send`, keeps at most `maxBufferBytes` and one frame in memory; a
 * client that takes nothing for `drainLimitMs` is let go and comes back with its last id. `close` may be called by
 * anybody, any number of times; whoever waits is woken.
 *
 * Frames go past Node's response to the socket, as ready chunks: `res.write` makes four pieces and a list of each, which costs more
 * than the system call (5.4 instead of 10.3 microseconds a frame). Headers, the end, and answers that are not chunked (HTTP/1.0) or
 * not first in their connection's line are the response's.
 */
export class SseConnection {
  readonly #res: ServerResponse;
  readonly #outlet: SseOutlet;
  readonly #maxBufferBytes: number;
  readonly #drainLimitMs: number;
  readonly #onEnd: ((reason: SseCloseReason) => void) | undefined;
  readonly #isChunked: boolean;
  /** Kept by itself: a stream that ends meanwhile has no socket any more. */
  #held: Socket | undefined;
  #silentBeats = 0;
  #closeReason: SseCloseReason | undefined;
  #ended: AbortController | undefined;
  #waiting: { done: ((isOpen: boolean) => void)[]; limit: NodeJS.Timeout } | undefined;

  constructor(res: ServerResponse, options: SseOptions = {}) {
    this.#res = res;
    this.#outlet = options.outlet ?? new SseOutlet();
    this.#maxBufferBytes = options.maxBufferBytes ?? 256 * 1024;
    this.#drainLimitMs = options.drainLimitMs ?? 20_000;
    this.#onEnd = options.onEnd;
    res.statusCode = 200;
    const headers = {
      'Content-Type': SSE_CONTENT_TYPE,
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      ...options.headers,
    };
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    // Not by a first `write`: Node keeps that back for a tick, and ready chunks would overtake it.
    res.flushHeaders();
    const { socket } = res;
    this.#isChunked = res.chunkedEncoding && socket !== null;
    if (this.#isChunked && socket !== null) joinFirstWrites(socket);
    this.#write({ retryMs: options.retryMs ?? 1000 });
    this.#outlet.add(this);
    // `on` and not `once`, which keeps three objects more for as long as the stream is open.
    res.on('close', this.#onClose);
    // A reset connection is the client's way of leaving; 'close' follows.
    res.on('error', ignore);
    if (res.destroyed) this.#settle('client_gone');
  }

  /** Aborts when the stream is over, for whatever reason. */
  get signal(): AbortSignal {
    this.#ended ??= new AbortController();
    if (this.#closeReason !== undefined) this.#ended.abort();
    return this.#ended.signal;
  }

  get closeReason(): SseCloseReason | undefined {
    return this.#closeReason;
  }

  /** Writes one frame at once. */
  write(frame: SseFrame): SseWritten {
    if (this.#closeReason !== undefined) return 'over';
    this.#silentBeats = 0;
    return this.#write(frame) || this.#res.writableLength <= this.#maxBufferBytes ? 'sent' : 'behind';
  }

  /** What is written from here to `release`, in the same tick, leaves by one system call. */
  hold(): void {
    const { socket } = this.#res;
    if (!this.#isChunked || socket === null) return;
    socket.cork();
    this.#held = socket;
  }

  release(): void {
    this.#held?.uncork();
    this.#held = undefined;
  }

  /** Writes one frame; waits while the client is behind. `false`: the stream is over and the frame may not have arrived. */
  send(frame: SseFrame): Promise<boolean> {
    const written = this.write(frame);
    if (written !== 'behind') return Promise.resolve(written === 'sent');
    return new Promise((resolve) => this.whenDrained(resolve));
  }

  /** Calls back when what was written has gone out (true), or when the stream is over first. */
  whenDrained(done: (isOpen: boolean) => void): void {
    if (this.#closeReason !== undefined) return done(false);
    if (this.#waiting !== undefined) return void this.#waiting.done.push(done);
    const limit = setTimeout(() => {
      this.#res.destroy();
      this.#settle('client_slow');
    }, this.#drainLimitMs);
    this.#waiting = { done: [done], limit };
    (this.#res.socket ?? this.#res).once('drain', this.#onDrain);
  }

  /** Ends the stream, after a last frame if one is given. */
  close(last?: SseFrame): void {
    if (this.#closeReason !== undefined) return;
    this.#res.end(last === undefined ? '' : encodeSseFrame(last));
    this.#destroyUnlessFlushed();
    this.#settle('ended');
  }

  /** Breaks the connection, so that its client does not take this for an end that was meant. */
  destroy(): void {
    this.#res.destroy();
    this.#settle('ended');
  }

  /** The outlet's; silence on our side is not silence for a client that still has bytes to read. */
  onBeat(): void {
    this.#silentBeats += 1;
    if (this.#silentBeats < BEATS_OF_SILENCE) return;
    const { socket } = this.#res;
    if ((socket ?? this.#res).writableNeedDrain) return;
    this.#silentBeats = 0;
    this.#write(KEEPALIVE);
  }

  #write(frame: SseFrame): boolean {
    const socket = this.#isChunked ? this.#res.socket : null;
    return socket === null
      ? this.#res.write(encodeSseFrame(frame))
      : socket.write(this.#outlet.chunkOf(frame));
  }

  #destroyUnlessFlushed(): void {
    const res = this.#res;
    const hard = setTimeout(() => res.destroy(), FLUSH_LIMIT_MS);
    hard.unref();
    res.once('close', () => clearTimeout(hard));
  }

  readonly #onClose = () => this.#settle('client_gone');
  readonly #onDrain = () => this.#wake(true);

  #wake(isOpen: boolean): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    clearTimeout(waiting.limit);
    for (const done of waiting.done) done(isOpen);
  }

  #settle(reason: SseCloseReason): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#outlet.remove(this);
    const res = this.#res;
    res.off('close', this.#onClose);
    res.off('drain', this.#onDrain);
    res.socket?.off('drain', this.#onDrain);
    this.#wake(false);
    this.#ended?.abort();
    this.#onEnd?.(reason);
  }
}

/** Headers and first frames go out as one, at the end of this tick. */
function joinFirstWrites(socket: Socket): void {
  socket.cork();
  process.nextTick(() => socket.uncork());
}

function ignore(): void {
  // An answer that nobody waits for any more has no error that matters.
}

/** The id that a client says it has: `Last-Event-ID`, or `last_event_id` in the query for a first connection. */
export function lastEventIdOf(req: IncomingMessage, query: Record<string, unknown>): string | undefined {
  const header = req.headers['last-event-id'];
  const given = typeof header === 'string' && header !== '' ? header : query['last_event_id'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
