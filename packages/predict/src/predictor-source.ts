import type { JsonObject } from './prediction-view.ts';
import type { Predictor } from './predictor.ts';

/** Where a prediction finds its predictor: at once, or after a cold start. */
export interface PredictorSource {
  /** What is known of it before it is there. */
  readonly schemas: JsonObject | undefined;
  /** Rejects with the reason for the prediction's failure, or with the signal's. `release` when the prediction is over. */
  acquire(signal: AbortSignal): Promise<{ readonly predictor: Predictor; release(): void }>;
}

export function sourceOf(predictor: Predictor): PredictorSource {
  const acquired = { predictor, release: () => undefined };
  return {
    get schemas() {
      return predictor.schemas;
    },
    acquire: () => Promise.resolve(acquired),
  };
}
