import type { PredictionView } from '@switchyard/predict';
import type { PredictionName, PredictionRow } from '@switchyard/store';

/** A row as clients see its prediction. */
export function viewOf(row: PredictionRow): PredictionView {
  return {
    id: row.prediction_id,
    status: row.status,
    input: row.input,
    output: row.output,
    error: row.error,
    logs: row.logs,
    metrics: row.metrics,
    created_at: row.shown_created_at,
    started_at: row.shown_started_at,
    completed_at: row.shown_ended_at,
  };
}

export function nameOfRow(row: PredictionRow): PredictionName {
  return { bundleId: row.bundle_id, userId: row.user_id, predictionId: row.prediction_id };
}

export function isOver({ status }: Pick<PredictionRow, 'status'>): boolean {
  return status !== 'starting' && status !== 'processing';
}
