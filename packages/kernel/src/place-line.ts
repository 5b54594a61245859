/** Why there is no place: all are taken and nobody waits, the line is full, or the wait was too long. */
export type NoPlace = 'taken' | 'full' | 'late';

export interface PlaceLimits {
  /** May change. */
  places(): number;
  /** How many may wait for one, and how long. */
  readonly maxWaiting: number;
  readonly waitMs: number;
  /** In the words of whoever asks. */
  refuse(why: NoPlace): Error;
}

interface Waiting {
  go(): void;
  giveUp(error: Error): void;
}

/** Places for work at once, and a bounded line before them, first come, first served. */
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

  /** Throws what `refuse` makes where none is free. The place is given back by `release`. */
  take(): void {
    if (this.#taken >= this.#limits.places()) throw this.#limits.refuse('taken');
    this.#taken += 1;
  }

  /** Takes a place, or waits for one. Throws when the line is full, rejects when the wait is too long, or with the signal's reason. */
  takeOrWait(signal: AbortSignal): Promise<void> {
    if (this.#taken < this.#limits.places()) {
      this.take();
      return Promise.resolve();
    }
    if (this.isFull) throw this.#limits.refuse('full');
    return this.#wait(signal);
  }

  /** Nobody waits any more; what has a place keeps it. */
  refuseAll(error: Error): void {
    for (const waiting of this.#waiting) waiting.giveUp(error);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = {
      go: resolve,
      // Out of the line in the same step: a place that is given back meanwhile must not go to who has left.
      giveUp: (error) => {
        if (this.#waiting.delete(waiting)) reject(error);
      },
    };
    const abort = () => waiting.giveUp(signal.reason as Error);
    const timer = setTimeout(() => waiting.giveUp(this.#limits.refuse('late')), this.#limits.waitMs);
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
