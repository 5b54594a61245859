import { PlaceLine, PlatformError } from '@switchyard/kernel';

export interface SlotLimits {
  readonly slots: number;
  readonly waiting: number;
  readonly waitMs: number;
}

/** Places for programs, and a line before them. */
export class RunSlots {
  readonly #line: PlaceLine;

  constructor({ slots, waiting, waitMs }: SlotLimits) {
    const refuse = () =>
      PlatformError.of('UNAVAILABLE', 'As many programs run and wait as there may be.', {
        retryAfterSec: 1,
      });
    this.#line = new PlaceLine({ places: () => slots, maxWaiting: waiting, waitMs, refuse });
  }

  get taken(): number {
    return this.#line.taken;
  }

  get waiting(): number {
    return this.#line.waiting;
  }

  /**
   * Resolves with what gives the place back, to be called once. Rejects UNAVAILABLE where too many wait already or it took too long,
   * CANCELLED when `signal` aborts.
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw PlatformError.of('CANCELLED');
    try {
      await this.#line.takeOrWait(signal);
    } catch (error) {
      throw error === signal.reason ? PlatformError.of('CANCELLED') : error;
    }
    return () => this.#line.release();
  }

  /** Nobody waits any more: what runs may end. */
  refuseAll(error: PlatformError): void {
    this.#line.refuseAll(error);
  }
}
