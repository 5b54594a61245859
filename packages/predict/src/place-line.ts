import { ApiError } from './api-error.ts';

export interface PlaceLimits {
  /** May change: a predictor's own number is known when it is ready. */
  places(): number;
  /** How many may wait for one, and how long. */
  readonly maxWaiting: number;
  readonly waitMs: number;
}

export const ALREADY_RUNNING = 'already running a prediction';

interface Waiting {
  go(): void;
}

/** Places for predictions at once, and a bounded line before them, first come, first served. */
export class PlaceLine {
  readonly #limits: PlaceLimits;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Nobody could take a place or wait for one. */
  get isFull(): boolean {
    return this.#taken >= this.#limits.places() && this.#waiting.size >= this.#limits.maxWaiting;
  }

  /** Throws 409 where none is free. The place is given back by `release`. */
  take(): void {
    if (this.#taken >= this.#limits.places()) throw new ApiError(409, ALREADY_RUNNING);
    this.#taken += 1;
  }

  /** Takes a place, or waits for one. Throws 409 when the line is full, rejects it when the wait is too long, or the signal's reason. */
  takeOrWait(signal: AbortSignal): Promise<void> {
    if (this.#taken < this.#limits.places()) {
      this.take();
      return Promise.resolve();
    }
    if (this.isFull) throw new ApiError(409, ALREADY_RUNNING, 'the line is full');
    return this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { go: resolve };
    // Out of the line in the same step: a place that is given back meanwhile must not go to who has left.
    const giveUp = (error: Error): void => {
      if (this.#waiting.delete(waiting)) reject(error);
    };
    const abort = () => giveUp(signal.reason as Error);
    const timer = setTimeout(
      () => giveUp(new ApiError(409, ALREADY_RUNNING, 'waited for too long')),
      this.#limits.waitMs,
    );
    signal.addEventListener('abort', abort, { once: true });
    this.#waiting.add(waiting);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Gives a place back: to the first who waits, or to nobody. */
  release(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#taken -= 1;
      return;
    }
    // The place goes over without becoming free, so that nobody who comes now is before those who waited.
    this.#waiting.delete(first);
    first.go();
  }
}
