import type { JsonObject } from './prediction-view.ts';
import type { Predictor } from './predictor.ts';

/** What a prediction needs of whoever runs it. */
export type RunningPredictor = Pick<Predictor, 'schemas' | 'predict'>;

/** Where a prediction finds its predictor: at once, or after a cold start. */
export interface PredictorSource {
  /** What is known of it before it is there. */
  readonly schemas: JsonObject | undefined;
  /** Values of the request that nobody may read in logs and errors, beside its secret inputs. */
  readonly secrets?: readonly string[];
  /** Throws ApiError 409 where nobody could run one more and it may not wait. */
  claim(mayWait: boolean): PredictorClaim;
}

export interface PredictorClaim {
  /** Rejects with the reason for the prediction's failure, or with the signal's. `onLog` hears of a setup that failed. */
  acquire(signal: AbortSignal, onLog: (text: string) => void): Promise<RunningPredictor>;
  /** When the prediction is over, whether it began or not. */
  release(): void;
}

export function sourceOf(predictor: Predictor): PredictorSource {
  const claim: PredictorClaim = {
    acquire: () => Promise.resolve(predictor),
    release: () => undefined,
  };
  return {
    get schemas() {
      return predictor.schemas;
    },
    claim: () => claim,
  };
}
