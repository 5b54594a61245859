/** A burst of lines is read by people, a stream of them by nobody, and writing it costs proc. */
export class LogBudget {
  readonly #perSecond: number;
  readonly #monotonic: () => number;
  #left: number;
  #filledAt: number;
  #dropped = 0;

  constructor(perSecond: number, monotonic: () => number) {
    this.#perSecond = perSecond;
    this.#monotonic = monotonic;
    this.#left = perSecond;
    this.#filledAt = monotonic();
  }

  /** May one more line pass? Every second brings `perSecond` more, unused ones are not saved up. */
  take(): boolean {
    const now = this.#monotonic();
    if (now - this.#filledAt >= 1000) {
      this.#left = this.#perSecond;
      this.#filledAt = now;
    }
    if (this.#left > 0) {
      this.#left -= 1;
      return true;
    }
    this.#dropped += 1;
    return false;
  }

  /** Lines dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}
