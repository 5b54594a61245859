import type { IncomingMessage, ServerResponse } from 'node:http';
import { SSE_CONTENT_TYPE } from './request-context.ts';

/** One frame of an event stream. `data` may hold line ends; `id` and `event` may not. A frame with nothing but `id` moves the position. */
export interface SseFrame {
  id?: string;
  event?: string;
  data?: string;
}

export interface SseOptions {
  /** Bytes that may wait for the client before `send` waits too. */
  maxBufferBytes?: number;
  /** How long `send` waits for a client that does not read before the stream is ended. */
  drainLimitMs?: number;
  /** A comment goes out after this much silence (03 §3). */
  keepaliveMs?: number;
  /** What the client is told to wait before it comes back. */
  retryMs?: number;
  headers?: Record<string, string>;
}

export type SseCloseReason = 'ended' | 'client_gone' | 'client_slow';

const LINE_END = /[\r\n\0]/;
// How long the last bytes may take after `close` before the socket is destroyed.
const FLUSH_LIMIT_MS = 5000;

export function encodeSseFrame({ id, event, data }: SseFrame): string {
  let text = '';
  if (id !== undefined) text += `id: ${oneLine(id, 'id')}\n`;
  if (event !== undefined) text += `event: ${oneLine(event, 'event')}\n`;
  if (data !== undefined) for (const line of data.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

function oneLine(value: string, field: string): string {
  if (LINE_END.test(value)) throw new TypeError(`sse ${field} must be one line`);
  return value;
}

/**
 * One open event stream. The caller awaits every `send`, so at most `maxBufferBytes` and one frame wait in memory; a
 * client that takes nothing for `drainLimitMs` is let go and comes back with its last id. `close` may be called by
 * anybody, any number of times; whoever waits is woken.
 */
export class SseConnection {
  readonly #res: ServerResponse;
  readonly #maxBufferBytes: number;
  readonly #drainLimitMs: number;
  readonly #keepalive: NodeJS.Timeout;
  readonly #ended = new AbortController();
  #closeReason: SseCloseReason | undefined;

  constructor(res: ServerResponse, options: SseOptions = {}) {
    this.#res = res;
    this.#maxBufferBytes = options.maxBufferBytes ?? 256 * 1024;
    this.#drainLimitMs = options.drainLimitMs ?? 20_000;
    res.statusCode = 200;
    const headers = {
      'Content-Type': SSE_CONTENT_TYPE,
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      ...options.headers,
    };
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
    res.write(`retry: ${options.retryMs ?? 1000}\n\n`);
    this.#keepalive = setInterval(() => this.#comment('keepalive'), options.keepaliveMs ?? 3000);
    this.#keepalive.unref();
    res.once('close', this.#onClose);
    // A reset connection is the client's way of leaving; 'close' follows.
    res.on('error', this.#onError);
    if (res.destroyed) this.#settle('client_gone');
  }

  /** Aborts when the stream is over, for whatever reason. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get closeReason(): SseCloseReason | undefined {
    return this.#closeReason;
  }

  /** Writes one frame; waits while the client is behind. `false`: the stream is over and the frame may not have arrived. */
  async send(frame: SseFrame): Promise<boolean> {
    const text = encodeSseFrame(frame);
    if (this.#closeReason !== undefined) return false;
    this.#keepalive.refresh();
    if (this.#res.write(text) || this.#res.writableLength <= this.#maxBufferBytes) return true;
    return this.#drained();
  }

  /** Ends the stream, after a last frame if one is given. */
  close(last?: SseFrame): void {
    if (this.#closeReason !== undefined) return;
    this.#res.end(last === undefined ? '' : encodeSseFrame(last));
    this.#destroyUnlessFlushed();
    this.#settle('ended');
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (isOpen: boolean) => {
        clearTimeout(limit);
        this.#res.off('drain', onDrain);
        this.signal.removeEventListener('abort', onEnd);
        resolve(isOpen);
      };
      const onDrain = () => done(true);
      const onEnd = () => done(false);
      const limit = setTimeout(() => {
        this.#res.destroy();
        this.#settle('client_slow');
      }, this.#drainLimitMs);
      this.#res.once('drain', onDrain);
      this.signal.addEventListener('abort', onEnd, { once: true });
    });
  }

  #comment(text: string): void {
    // Silence on our side is not silence for a client that still has bytes to read.
    if (!this.#res.writableNeedDrain) this.#res.write(`: ${text}\n\n`);
  }

  #destroyUnlessFlushed(): void {
    const res = this.#res;
    const hard = setTimeout(() => res.destroy(), FLUSH_LIMIT_MS);
    hard.unref();
    res.once('close', () => clearTimeout(hard));
  }

  readonly #onClose = () => this.#settle('client_gone');
  readonly #onError = () => undefined;

  #settle(reason: SseCloseReason): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    clearInterval(this.#keepalive);
    this.#res.off('close', this.#onClose);
    this.#ended.abort();
  }
}

/** The id that a client says it has: `Last-Event-ID`, or `last_event_id` in the query for a first connection. */
export function lastEventIdOf(req: IncomingMessage, query: Record<string, unknown>): string | undefined {
  const header = req.headers['last-event-id'];
  const given = typeof header === 'string' && header !== '' ? header : query['last_event_id'];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
