/** Something may have changed: whoever waits looks again. */
export class Bell {
  #next = Promise.withResolvers<void>();

  /** Resolves at the first ring after this call: ask before looking, and no ring is missed. */
  next(): Promise<void> {
    return this.#next.promise;
  }

  ring(): void {
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers<void>();
    resolve();
  }
}
