import type { PredictionView } from './prediction-view.ts';
import type { Prediction } from './prediction.ts';

export interface KeepLimits {
  readonly retentionMs: number;
  readonly maxKept: number;
  readonly maxKeptCharacters: number;
}

interface Kept {
  readonly prediction: Prediction;
  readonly until: number;
  readonly characters: number;
}

/** Predictions that run, and those that ended not long ago: by time, number and size. */
export class KeptPredictions {
  readonly #limits: KeepLimits;
  readonly #monotonic: () => number;
  readonly #running = new Map<string, Prediction>();
  // In the order of their ends.
  readonly #finished = new Map<string, Kept>();
  #characters = 0;

  constructor(limits: KeepLimits, monotonic: () => number) {
    this.#limits = limits;
    this.#monotonic = monotonic;
  }

  get running(): ReadonlyMap<string, Prediction> {
    return this.#running;
  }

  get finishedCount(): number {
    return this.#finished.size;
  }

  find(id: string): Prediction | undefined {
    this.#forget();
    return this.#running.get(id) ?? this.#finished.get(id)?.prediction;
  }

  add(prediction: Prediction): void {
    this.#running.set(prediction.id, prediction);
  }

  finish(prediction: Prediction, view: PredictionView): void {
    if (!this.#running.delete(prediction.id)) return;
    // Outputs are kept twice, in the view and in the events for streams.
    const characters = 2 * JSON.stringify(view).length;
    this.#characters += characters;
    this.#finished.set(prediction.id, {
      prediction,
      until: this.#monotonic() + this.#limits.retentionMs,
      characters,
    });
    this.#forget();
  }

  #forget(): void {
    const now = this.#monotonic();
    for (const [id, { until, characters }] of this.#finished) {
      const isOver =
        this.#finished.size > this.#limits.maxKept || this.#characters > this.#limits.maxKeptCharacters;
      if (until > now && !isOver) return;
      this.#finished.delete(id);
      this.#characters -= characters;
    }
  }
}
