import type { Clock } from '@switchyard/kernel';
import type { TurnPart, TurnTiming } from '@switchyard/protocol';

/** Where the time of a run goes, from the call of the bundle's host on. Each part is measured once. */
export class TurnStopwatch {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #onPart: (part: TurnPart, ms: number) => void;
  #timing: TurnTiming;
  #saidAt = 0;

  /** @param before what went before the start */
  constructor(clock: Clock, before: TurnTiming, onPart: (part: TurnPart, ms: number) => void) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#timing = before;
    this.#onPart = onPart;
  }

  get timing(): TurnTiming {
    return this.#timing;
  }

  /** The host said something; `isFirstPiece`: of the answer. */
  onWord(isFirstPiece: boolean): void {
    if (this.#timing.first_delta_ms !== undefined) return;
    if (!isFirstPiece && this.#timing.host_ms !== undefined) return;
    this.#saidAt = this.#clock.monotonic();
    const ms = this.#saidAt - this.#startedAt;
    if (this.#timing.host_ms === undefined) this.#keep('host', ms);
    if (isFirstPiece) this.#keep('first_delta', ms);
  }

  /** The first piece of the answer is in the log and published. */
  onRelayed(): void {
    if (this.#timing.relay_ms === undefined) this.#keep('relay', this.#clock.monotonic() - this.#saidAt);
  }

  #keep(part: 'host' | 'first_delta' | 'relay', ms: number): void {
    this.#timing = { ...this.#timing, [`${part}_ms`]: Math.round(ms * 10) / 10 };
    this.#onPart(part, ms);
  }
}
