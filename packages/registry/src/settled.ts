/** An editor writes a file in several steps; what was read between two of them is read again after the next. */
const SETTLE_MS = 40;

/** Work that follows changes: begun when they have been still for a moment, never twice at once, once more for what came meanwhile. */
export class Settled {
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isDirty = false;
  #isClosed = false;

  /** @param work must not reject */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  changed(): void {
    if (this.#isClosed) return;
    this.#isDirty = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running ??= this.#run().finally(() => (this.#running = undefined));
    }, SETTLE_MS);
  }

  /** Begins nothing more. Resolves when what runs is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      await this.#work();
    }
  }
}
