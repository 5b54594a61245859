/** Two looks per typical fence are enough; the fence itself is config. */
const CHECK_MS = 250;

export interface SelfFenceParts {
  readonly limitMs: number;
  monotonic(): number;
  isBusy(): boolean;
  /** Ends the process. */
  fence(silentMs: number): void;
}

/**
 * Ends a host whose proc went silent while invocations run: their leases are lost by then, somebody else may answer. Idle hosts
 * stay; nothing of theirs can have an effect.
 */
export class SelfFence {
  readonly #parts: SelfFenceParts;
  #heardAt: number;

  constructor(parts: SelfFenceParts) {
    this.#parts = parts;
    this.#heardAt = parts.monotonic();
  }

  heard(): void {
    this.#heardAt = this.#parts.monotonic();
  }

  start(): void {
    // After a long piece of the bundle's own work the pings lie unread in the socket. `setImmediate` runs after the poll phase
    // that reads them, so only real silence counts.
    setInterval(() => setImmediate(() => this.check()), CHECK_MS).unref();
  }

  check(): void {
    const silentMs = this.#parts.monotonic() - this.#heardAt;
    if (silentMs > this.#parts.limitMs && this.#parts.isBusy()) this.#parts.fence(silentMs);
  }
}
