import type { PredictionParts } from './prediction-parts.ts';
import { nameOfRow } from './prediction-view.ts';

/** Rows in one look; the rest is found by the next one. */
const BATCH = 500;
/** A job or a webhook that is not a row by then may never be one: whoever should have made it died. */
const OVERDUE_MS = 10_000;

/** One look at the rows: what a dead worker left waits again or has failed, what was never handed on is handed on, what is old goes. */
export async function reconcilePredictions(parts: PredictionParts, shownNow: string): Promise<void> {
  const { rows, config, log } = parts;
  for (const row of await rows.waitAgain()) {
    log.warn('prediction waits again', { prediction_id: row.prediction_id, bundle_id: row.bundle_id });
    await parts.addJob(row);
  }
  const lost = await rows.endLost(
    shownNow,
    'the worker that ran it died',
    'no worker took it in time',
    config.jobPatience,
  );
  for (const row of lost) {
    log.warn('prediction was lost', { prediction_id: row.prediction_id, bundle_id: row.bundle_id });
    await parts.tellEndOf(row);
  }
  for (const row of await rows.listWaiting(OVERDUE_MS, BATCH)) {
    // Of a worker of a former version.
    if (row.request !== null) await rows.seal(nameOfRow(row), parts.seal.seal(nameOfRow(row), row.request));
    await parts.addJob(row);
  }
  for (const row of await rows.listUntold(OVERDUE_MS, BATCH)) await parts.tellEndOf(row);
  await rows.sweep(config.predictionKeep, BATCH);
}
