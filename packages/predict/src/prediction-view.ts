export type JsonObject = Readonly<Record<string, unknown>>;

export const PREDICTION_STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled'] as const;
export type PredictionStatus = (typeof PREDICTION_STATUSES)[number];

/** What clients see of a prediction, in answers, webhooks and streams alike. Times are ISO 8601 with microseconds. */
export interface PredictionView {
  readonly id: string;
  readonly status: PredictionStatus;
  /** As sent; secrets are asterisks. */
  readonly input: JsonObject;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
  readonly metrics: JsonObject;
  readonly created_at: string;
  readonly started_at: string;
  readonly completed_at: string | null;
}

/** One change, as streams tell it. `id` counts from 1 within the prediction; `data` is JSON. */
export interface PredictionEvent {
  readonly id: number;
  readonly kind: 'start' | 'log' | 'metric' | 'output' | 'completed';
  readonly data: string;
}
