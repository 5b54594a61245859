import type { PredictionEvent } from './prediction-view.ts';

/** The last events of a prediction, for streams that attach later, up to a bound in characters. */
export class ReplayLog {
  readonly #maxCharacters: number;
  #events: PredictionEvent[] = [];
  #characters = 0;

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  add(event: PredictionEvent): void {
    this.#events.push(event);
    this.#characters += event.data.length;
    let dropped = 0;
    while (this.#characters > this.#maxCharacters && dropped < this.#events.length - 1) {
      this.#characters -= this.#events[dropped]?.data.length ?? 0;
      dropped += 1;
    }
    if (dropped > 0) this.#events = this.#events.slice(dropped);
  }

  /** Everything after an event; undefined where that is no longer whole: the reader then begins with a view of what is. */
  after(id: number): readonly PredictionEvent[] | undefined {
    const first = this.#events[0]?.id ?? 1;
    return id + 1 < first ? undefined : this.#events.filter((event) => event.id > id);
  }

  get lastId(): number {
    return this.#events.at(-1)?.id ?? 0;
  }
}
