export interface HostPulseParts {
  readonly pingMs: number;
  readonly blockedMs: number;
  monotonic(): number;
  ping(): void;
}

/** Asks a host's event loop for a sign of life and knows how long none came. */
export class HostPulse {
  readonly #parts: HostPulseParts;
  #pingedAt: number;
  /** When the oldest ping without an answer was sent. */
  #silentSince: number | undefined;

  constructor(parts: HostPulseParts) {
    this.#parts = parts;
    this.#pingedAt = parts.monotonic();
  }

  heard(): void {
    this.#silentSince = undefined;
  }

  /** At each tick, after the poll phase: what the host sent meanwhile was read. */
  beat(): void {
    const now = this.#parts.monotonic();
    if (now - this.#pingedAt < this.#parts.pingMs) return;
    this.#pingedAt = now;
    this.#silentSince ??= now;
    this.#parts.ping();
  }

  get isBlocked(): boolean {
    return (
      this.#silentSince !== undefined && this.#parts.monotonic() - this.#silentSince > this.#parts.blockedMs
    );
  }
}
