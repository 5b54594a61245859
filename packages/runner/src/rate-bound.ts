/** Two looks right after each other must not make a burst of ten messages look like thousands a second. */
const MIN_SPAN_MS = 100;

/** Counts what comes and says when it is more than `perSecond` since the last look. */
export class RateBound {
  readonly #perSecond: number;
  readonly #monotonic: () => number;
  #count = 0;
  #since: number;

  constructor(perSecond: number, monotonic: () => number) {
    this.#perSecond = perSecond;
    this.#monotonic = monotonic;
    this.#since = monotonic();
  }

  add(): void {
    this.#count += 1;
  }

  /** Over the bound since the last look? Starts counting anew. */
  isExceeded(): boolean {
    const now = this.#monotonic();
    const allowed = (this.#perSecond * Math.max(now - this.#since, MIN_SPAN_MS)) / 1000;
    const isOver = this.#count > allowed;
    this.#count = 0;
    this.#since = now;
    return isOver;
  }
}
