import { PlatformError } from '@switchyard/kernel';

/** Thrown to those who wait when a host stops taking work; the runner sends them to a fresh one. */
export class SlotsClosedError extends Error {}

interface Waiter {
  grant(): void;
  refuse(error: Error): void;
}

/** The places of one host. Waiting is first in, first out, bounded in number and in time. */
export class HostSlots {
  readonly #maxWaiting: number;
  #free = 0;
  #waiters: Waiter[] = [];
  #isClosed = false;

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  /** The number of places is known when the host has told its manifest. */
  open(places: number): void {
    for (let place = 0; place < places; place += 1) this.release();
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  /** Resolves with a place to be given back by `release`. */
  take(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) return Promise.reject(new SlotsClosedError('host takes no more'));
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    if (this.#waiters.length >= this.#maxWaiting) return Promise.reject(tooBusy());
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        act();
      };
      const waiter: Waiter = { grant: () => settle(resolve), refuse: (error) => settle(() => reject(error)) };
      const abort = () => waiter.refuse(PlatformError.of('CANCELLED'));
      const timer = setTimeout(() => waiter.refuse(tooBusy()), waitMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  release(): void {
    const next = this.#waiters[0];
    // The place goes over to the next in line without becoming free in between: nobody can overtake.
    if (next === undefined) this.#free += 1;
    else next.grant();
  }

  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiters) waiter.refuse(new SlotsClosedError('host takes no more'));
  }
}

function tooBusy(): PlatformError {
  return PlatformError.of('BUNDLE_UNAVAILABLE', 'The application is busy.', { retryAfterSec: 1 });
}
