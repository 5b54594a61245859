import { ApiError, networkError } from './api-error.ts';
import type { ClientClock } from './client-clock.ts';
import { isAfter } from './log-position.ts';
import type { RawFrame } from './read-event-stream.ts';
import { readEventStream } from './read-event-stream.ts';
import { decideRetryDelay } from './retry-delay.ts';

/** connecting -> open <-> reconnecting; `failed` (a refusal that waiting does not cure) and `closed` are final. */
export type StreamStatus = 'connecting' | 'open' | 'reconnecting' | 'failed' | 'closed';

export interface StreamState {
  status: StreamStatus;
  /** Epoch milliseconds since when it is so. */
  since: number;
  /** Why the last attempt failed; for `failed` the reason for giving up. */
  error?: ApiError | undefined;
}

export interface FollowOptions {
  /** Opens one connection that continues after `lastEventId`. Rejects with ApiError. */
  connect(lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
  onFrame(frame: RawFrame): void;
  onState?: ((state: StreamState) => void) | undefined;
  lastEventId?: string | undefined;
  clock: ClientClock;
  random: () => number;
  /** The server comments every 3 s of silence; this long without a byte and the connection is dead. */
  silenceLimitMs?: number | undefined;
}

const DEFAULT_SILENCE_LIMIT_MS = 12_000;
/** After this long without the 3 s comment a woken page opens a new connection. */
const SUSPICIOUS_SILENCE_MS = 5_000;
/** A connection that ended sooner does not clear the count of failures: one that greets and hangs up must not spin. */
const HONEST_CONNECTION_MS = 1_000;
/** Frames that end a connection and ask us back. */
const FAREWELLS: ReadonlySet<string> = new Set(['server_shutdown', 'lagged']);

interface Connection {
  readonly abort: AbortController;
  readonly openedAt: number;
  lastByteAt: number;
  farewell: boolean;
}

/** Keeps one event stream open for ever: every frame handed on once and in order, reconnected from the last position. */
export class EventFollower {
  readonly #options: FollowOptions;
  readonly #closing = new AbortController();
  #position: string | undefined;
  #baseMs: number | undefined;
  #connection: Connection | undefined;
  #pause: AbortController | undefined;
  #state: StreamState;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#position = options.lastEventId;
    this.#state = { status: 'connecting', since: options.clock.now() };
    void this.#run();
  }

  get lastEventId(): string | undefined {
    return this.#position;
  }

  get state(): StreamState {
    return this.#state;
  }

  close(): void {
    this.#closing.abort();
    this.#pause?.abort();
    this.#connection?.abort.abort();
  }

  /** The network or the page came back: try now instead of waiting, and do not trust a connection that fell silent. */
  wake(): void {
    this.#pause?.abort();
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#options.clock.now() - connection.lastByteAt > SUSPICIOUS_SILENCE_MS) connection.abort.abort();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const now = clock.now();
      const connection = { abort: new AbortController(), openedAt: now, lastByteAt: now, farewell: false };
      this.#connection = connection;
      const error = await this.#serve(connection);
      this.#connection = undefined;
      if (this.#closing.signal.aborted) break;
      if (error !== undefined && !error.isTransient) return this.#become('failed', error);
      if (error?.status === 0 || error === undefined) {
        if (clock.now() - connection.openedAt > HONEST_CONNECTION_MS) failures = 0;
      }
      this.#become('reconnecting', error);
      await this.#waitAfter(failures, connection, error);
      failures += 1;
    }
    this.#become('closed');
  }

  /** One connection from its opening to its end. Resolves with what ended it, undefined for an orderly end. */
  async #serve(connection: Connection): Promise<ApiError | undefined> {
    const { connect, clock } = this.#options;
    void this.#watchSilence(connection);
    try {
      const response = await connect(this.#position, connection.abort.signal);
      if (response.body === null) return networkError(new Error('an answer without a body'));
      connection.lastByteAt = clock.now();
      this.#become('open');
      await readEventStream(response.body, {
        onFrame: (frame) => this.#receive(connection, frame),
        onPosition: (id) => {
          if (isAfter(id, this.#position)) this.#position = id;
        },
        onBytes: () => {
          connection.lastByteAt = clock.now();
        },
        onRetry: (ms) => {
          this.#baseMs = ms;
        },
      });
      return undefined;
    } catch (error) {
      return error instanceof ApiError ? error : networkError(error);
    } finally {
      connection.abort.abort();
    }
  }

  #receive(connection: Connection, frame: RawFrame): void {
    if (FAREWELLS.has(frame.event)) connection.farewell = true;
    // A resync starts a new count: its id may lie before ours when Redis came back older than it was.
    const isNews = frame.id === undefined || frame.event === 'resync' || isAfter(frame.id, this.#position);
    if (!isNews) return;
    if (frame.id !== undefined) this.#position = frame.id;
    this.#options.onFrame(frame);
  }

  async #watchSilence(connection: Connection): Promise<void> {
    const { clock, silenceLimitMs = DEFAULT_SILENCE_LIMIT_MS } = this.#options;
    const { signal } = connection.abort;
    while (!signal.aborted) {
      const silentMs = clock.now() - connection.lastByteAt;
      if (silentMs >= silenceLimitMs) return connection.abort.abort();
      await clock.sleep(silenceLimitMs - silentMs, signal);
    }
  }

  async #waitAfter(failures: number, connection: Connection, error: ApiError | undefined): Promise<void> {
    const { clock, random } = this.#options;
    const retryAfterMs = error?.retryAfter === undefined ? undefined : error.retryAfter * 1000;
    const { farewell } = connection;
    const delayMs = decideRetryDelay({ failures, farewell, retryAfterMs, baseMs: this.#baseMs }, random);
    this.#pause = new AbortController();
    await clock.sleep(delayMs, this.#pause.signal);
    this.#pause = undefined;
  }

  #become(status: StreamStatus, error?: ApiError): void {
    const since = this.#state.status === status ? this.#state.since : this.#options.clock.now();
    this.#state = { status, since, error };
    this.#options.onState?.(this.#state);
  }
}
