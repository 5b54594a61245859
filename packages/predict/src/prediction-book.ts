import type { PredictionRequest } from './prediction-request.ts';
import type { PredictionEvent, PredictionView } from './prediction-view.ts';
import type { PredictorSource } from './predictor-source.ts';

/** What of a request goes on to its webhooks. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** A prediction as the surface shows it, wherever it runs. */
export interface ShownPrediction {
  readonly id: string;
  readonly isFinished: boolean;
  /** Resolves with the last view. */
  readonly finished: Promise<PredictionView>;
  readonly replay: {
    readonly lastId: number;
    /** Everything after an event that is known here; undefined where that is no longer whole. */
    after(id: number): readonly PredictionEvent[] | undefined;
  };
  view(): PredictionView;
  /** Everything from now on. The answer ends it. */
  listen(listener: (event: PredictionEvent) => void): () => void;
  /** False: it is over. */
  cancel(): boolean;
}

export interface Created {
  readonly prediction: ShownPrediction;
  /** False: there is one of this id, and nothing was begun. */
  readonly isNew: boolean;
}

/** Who knows the predictions that a request may name, and makes new ones. */
export interface PredictionBook {
  readonly isDraining: boolean;
  /** `withEvents`: for a stream; without, its replay may be empty. */
  find(id: string, withEvents: boolean): ShownPrediction | undefined | Promise<ShownPrediction | undefined>;
  /** Throws or rejects ApiError where it may not begin; nothing was made then. `isDetached`: nobody waits for its end here. */
  create(
    request: PredictionRequest,
    source: PredictorSource,
    options: { readonly trace: TraceHeaders; readonly isDetached: boolean },
  ): Created | Promise<Created>;
  /** False: not known, or over. */
  cancel(id: string): boolean | Promise<boolean>;
}
