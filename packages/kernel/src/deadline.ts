import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';

/** A point in monotonic time by which something has to be over. */
export class Deadline {
  readonly #clock: Clock;
  readonly #at: number;

  private constructor(at: number, clock: Clock) {
    this.#at = at;
    this.#clock = clock;
  }

  static in(ms: number, clock: Clock = systemClock): Deadline {
    return new Deadline(clock.monotonic() + ms, clock);
  }

  remainingMs(): number {
    return Math.max(0, this.#at - this.#clock.monotonic());
  }

  get expired(): boolean {
    return this.remainingMs() === 0;
  }

  /** Aborts when the deadline passes. The timer does not keep the process alive. */
  get signal(): AbortSignal {
    return AbortSignal.timeout(Math.ceil(this.remainingMs()));
  }
}
