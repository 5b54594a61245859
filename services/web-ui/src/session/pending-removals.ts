export interface RemovalOptions {
  /** Really removes it. */
  remove(conversationId: string, options: { keepalive: boolean }): Promise<void>;
  /** How long it can be undone, ms. */
  graceMs: number;
  after(ms: number, run: () => void): () => void;
  /** It could not be removed after all. */
  onFailed(conversationId: string): void;
}

export interface Removal {
  conversationId: string;
  title: string;
}

/**
 * Deletions that can still be undone. The conversation is off the list at once and off the server when its time is up,
 * or when the page goes away: a reader who closes the tab meant it.
 */
export class PendingRemovals {
  readonly #options: RemovalOptions;
  readonly #listeners = new Set<() => void>();
  #removals: readonly (Removal & { stop: () => void })[] = [];

  constructor(options: RemovalOptions) {
    this.#options = options;
  }

  read = (): readonly Removal[] => this.#removals;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(removal: Removal): void {
    const stop = this.#options.after(
      this.#options.graceMs,
      () => void this.#commit(removal.conversationId, false),
    );
    this.#set([...this.#removals, { ...removal, stop }]);
  }

  undo(conversationId: string): void {
    this.#removals.find((removal) => removal.conversationId === conversationId)?.stop();
    this.#forget(conversationId);
  }

  /** The page goes away: what is pending happens now. */
  flush(): void {
    for (const { conversationId, stop } of this.#removals) {
      stop();
      void this.#commit(conversationId, true);
    }
  }

  async #commit(conversationId: string, keepalive: boolean): Promise<void> {
    try {
      await this.#options.remove(conversationId, { keepalive });
    } catch {
      this.#options.onFailed(conversationId);
    }
    this.#forget(conversationId);
  }

  #forget(conversationId: string): void {
    this.#set(this.#removals.filter((removal) => removal.conversationId !== conversationId));
  }

  #set(removals: readonly (Removal & { stop: () => void })[]): void {
    this.#removals = removals;
    for (const listener of this.#listeners) listener();
  }
}
