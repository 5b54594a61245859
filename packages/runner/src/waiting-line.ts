import { PlatformError } from '@switchyard/kernel';

/** Thrown to those who wait when a host stops taking work; the runner sends them to a fresh one. */
export class SlotsClosedError extends Error {}

interface Waiter<T> {
  grant(value: T): void;
  refuse(error: Error): void;
}

/** First in, first out, bounded in number and in time. */
export class WaitingLine<T> {
  readonly #maxWaiting: number;
  #waiters: Waiter<T>[] = [];

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  get length(): number {
    return this.#waiters.length;
  }

  /** Rejects BUNDLE_UNAVAILABLE after `waitMs`, CANCELLED at an abort. */
  wait(waitMs: number, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        act();
      };
      const waiter: Waiter<T> = {
        grant: (value) => settle(() => resolve(value)),
        refuse: (error) => settle(() => reject(error)),
      };
      const abort = () => waiter.refuse(PlatformError.of('CANCELLED'));
      const timer = setTimeout(() => waiter.refuse(tooBusy()), waitMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  grant(value: T): void {
    this.#waiters[0]?.grant(value);
  }

  refuseAll(error: Error): void {
    for (const waiter of this.#waiters) waiter.refuse(error);
  }

  /** After a try to serve whoever was added last: more than may wait is refused. */
  bound(): void {
    if (this.#waiters.length > this.#maxWaiting) this.#waiters.at(-1)?.refuse(tooBusy());
  }
}

export function tooBusy(): PlatformError {
  return PlatformError.of('BUNDLE_UNAVAILABLE', 'The application is busy.', { retryAfterSec: 1 });
}
