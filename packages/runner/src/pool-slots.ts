import { WaitingLine } from './waiting-line.ts';

/** The runner-wide bound of one pool: so many invocations at once over all hosts, and a bounded line for the next ones. */
export class PoolSlots {
  readonly #line: WaitingLine<undefined>;
  #free: number;

  constructor(slots: number, maxWaiting: number) {
    this.#free = slots;
    this.#line = new WaitingLine(maxWaiting);
  }

  /** False: there is none free. */
  takeFree(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves with a slot to be given back by `release`. */
  async take(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.takeFree()) return;
    const taken = this.#line.wait(waitMs, signal);
    this.#line.bound();
    await taken;
  }

  release(): void {
    // The slot goes over to the next in line without becoming free in between: nobody can overtake.
    if (this.#line.length > 0) this.#line.grant(undefined);
    else this.#free += 1;
  }
}
