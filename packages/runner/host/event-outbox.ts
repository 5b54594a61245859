/** What the outbox must know of an event; all else goes through untouched. */
export interface OutboxEvent {
  readonly kind: string;
  readonly text?: string;
  readonly marker?: string;
}

export interface OutboxOptions {
  /** Bytes that may be under way unacknowledged. */
  readonly windowBytes: number;
  /** Bytes that may wait beyond the window, when an author does not await. */
  readonly maxPendingBytes: number;
  readonly maxDeltaLength: number;
  send(event: OutboxEvent, bytes: number): void;
  /** Runs `flush` at the end of this tick. */
  defer(flush: () => void): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Of a window, the part that proc may keep back: so much may be under way for ever, as far as this side knows. Both sides count with it:
 * an event that does not fit beside it goes all the same, or nobody would ever move.
 */
export function keptBackBytes(windowBytes: number): number {
  return Math.floor(windowBytes / 4);
}

/** Overhead of an event besides its text, so that a flood of empty ones is paced too. */
const EVENT_BYTES = 64;

/**
 * Events of one invocation on their way to proc. Bounded by credit: at most `windowBytes` are unacknowledged (a larger event goes by
 * itself), and `push` resolves when there is room again. Deltas of the same marker that wait together become one.
 */
export class EventOutbox {
  readonly #options: OutboxOptions;
  readonly #keptBackBytes: number;
  #pending: { event: OutboxEvent; bytes: number }[] = [];
  #pendingBytes = 0;
  #underWayBytes = 0;
  #waiters: Waiter[] = [];
  #drained: (() => void)[] = [];
  #isGathering = false;
  #closed: Error | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#keptBackBytes = Math.max(1, keptBackBytes(options.windowBytes));
  }

  push(event: OutboxEvent): Promise<void> {
    if (this.#closed !== undefined) return quiet(Promise.reject(this.#closed));
    if (this.#pendingBytes > this.#options.maxPendingBytes) {
      // Thrown and not rejected: whoever floods without awaiting would not see a rejection, and go on.
      throw new RangeError('too many events are waiting: await what the communicator returns');
    }
    this.#append(event);
    if (!this.#isGathering) {
      // The first of a tick goes at once: it is on its way even if the bundle now computes for a minute. Those after it gather.
      this.#flush();
      this.#isGathering = true;
      this.#options.defer(() => {
        this.#isGathering = false;
        this.#flush();
      });
    }
    if (this.#hasRoom()) return Promise.resolve();
    return quiet(new Promise((resolve, reject) => this.#waiters.push({ resolve, reject })));
  }

  ack(bytes: number): void {
    this.#underWayBytes -= bytes;
    this.#flush();
  }

  /** Resolves when everything pushed so far was sent (not: acknowledged). */
  drained(): Promise<void> {
    if (this.#pending.length === 0 || this.#closed !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Forgets what waits; every later push rejects with `error`. */
  close(error: Error): void {
    this.#closed = error;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#resolveDrained();
  }

  #append(event: OutboxEvent): void {
    const last = this.#pending.at(-1);
    if (last !== undefined && isSameDelta(last.event, event) && last.bytes < this.#options.maxDeltaLength) {
      last.event = { ...last.event, text: `${last.event.text}${event.text}` };
      last.bytes += event.text?.length ?? 0;
      this.#pendingBytes += event.text?.length ?? 0;
      return;
    }
    const bytes =
      EVENT_BYTES + (event.kind === 'delta' ? (event.text?.length ?? 0) : JSON.stringify(event).length);
    this.#pending.push({ event, bytes });
    this.#pendingBytes += bytes;
  }

  #flush(): void {
    let sent = 0;
    for (const { event, bytes } of this.#pending) {
      // One that does not fit goes when no more is under way than proc may have taken and not acknowledged.
      const isFull = this.#underWayBytes + bytes > this.#options.windowBytes;
      if (isFull && this.#underWayBytes >= this.#keptBackBytes) break;
      this.#underWayBytes += bytes;
      this.#pendingBytes -= bytes;
      this.#options.send(event, bytes);
      sent += 1;
    }
    if (sent > 0) this.#pending.splice(0, sent);
    if (this.#hasRoom()) for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    if (this.#pending.length === 0) this.#resolveDrained();
  }

  #hasRoom(): boolean {
    return this.#underWayBytes + this.#pendingBytes < this.#options.windowBytes;
  }

  #resolveDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function isSameDelta(a: OutboxEvent, b: OutboxEvent): boolean {
  return (
    a.kind === 'delta' &&
    b.kind === 'delta' &&
    a.marker === b.marker &&
    !('completed' in a) &&
    !('completed' in b)
  );
}

/** An author who does not await must not be told of a cancelled turn by an unhandled rejection. */
function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
