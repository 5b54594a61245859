import { PlatformError } from '@switchyard/kernel';

export interface SlotLimits {
  readonly slots: number;
  readonly waiting: number;
  readonly waitMs: number;
}

interface Waiter {
  grant(): void;
  refuse(error: PlatformError): void;
}

/** Places for programs, and a line before them: first come, first served, bounded in number and in time. */
export class RunSlots {
  readonly #limits: SlotLimits;
  readonly #line = new Set<Waiter>();
  #taken = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Resolves with what gives the place back, to be called once. Rejects UNAVAILABLE where too many wait already or it took too long,
   * CANCELLED when `signal` aborts.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw PlatformError.of('CANCELLED');
    if (this.#taken < this.#limits.slots) this.#taken += 1;
    else if (this.#line.size >= this.#limits.waiting) throw busy();
    else await this.#wait(signal);
    return () => this.#giveBack();
  }

  /** Nobody waits any more: what runs may end. */
  refuseAll(error: PlatformError): void {
    for (const waiter of this.#line) waiter.refuse(error);
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#line.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        act();
      };
      const waiter: Waiter = {
        grant: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
      };
      const abort = (): void => waiter.refuse(PlatformError.of('CANCELLED'));
      const timer = setTimeout(() => waiter.refuse(busy()), this.#limits.waitMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#line.add(waiter);
    });
  }

  /** The place goes over to who waits longest: it is never free in between. */
  #giveBack(): void {
    const [next] = this.#line;
    if (next === undefined) this.#taken -= 1;
    else next.grant();
  }
}

function busy(): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'As many programs run and wait as there may be.', {
    retryAfterSec: 1,
  });
}
