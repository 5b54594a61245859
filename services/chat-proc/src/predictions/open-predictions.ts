import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hostOf, sendGuarded } from '@switchyard/capabilities';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { createOutbound, isoTime } from '@switchyard/predict';
import { createPredictionRows } from '@switchyard/store';
import type { PredictionName, PredictionRow, PredictionRows } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';
import type { Base } from '../open-base.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { viewOf } from './prediction-view.ts';
import { reconcilePredictions } from './reconcile-predictions.ts';
import { RecordedPredictions } from './recorded-predictions.ts';

export interface OpenedPredictions {
  readonly predictions: RecordedPredictions;
  readonly rows: PredictionRows;
  /** For the start of `jobs`. */
  runJob(row: JobRow, signal: AbortSignal): Promise<JobOutcome>;
}

const CLOSE_MS = 5_000;
const WEBHOOK_ONCE_MS = 10_000;
/** Of a job whose worker died before it began: another one may. */
const STARTS = 5;

/** Predictions of bundles with all that they need; what was lost is looked for as long as `scope` is open. */
export async function openPredictions(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  { invoker, work }: { readonly invoker: BundleInvoker; readonly work: BundleJobs },
): Promise<OpenedPredictions> {
  const { sql, clock, ids, log } = base;
  const rows = createPredictionRows(sql, base.scope);
  const outbound = await scope.use(createOutbound(config.httpPrivateHosts), (opened) => opened.close());
  const folder = await scope.use(mkdtemp(path.join(tmpdir(), 'switchyard-predictions-')), (dir) =>
    rm(dir, { recursive: true, force: true }),
  );
  // Wall time that does not jump within a prediction, with the fraction that microseconds need.
  const startedAt = clock.now() - clock.monotonic();
  const now = () => startedAt + clock.monotonic();
  const parts: PredictionParts = {
    rows,
    invoker,
    outbound,
    config,
    folder,
    clock,
    log,
    now,
    makeFence: () => ids.token(12),
    randomBytes,
    async sendWebhookOnce(url, view, trace) {
      const { httpAllowedHosts: allowedHosts, httpPrivateHosts: privateHosts } = config;
      try {
        await sendGuarded(
          {
            url,
            // The client names it; what the operator allows is all there is to ask.
            httpHosts: [hostOf(new URL(url))],
            headers: [['content-type', 'application/json'], ...Object.entries(trace)],
            body: JSON.stringify(view),
            signal: AbortSignal.timeout(WEBHOOK_ONCE_MS),
          },
          { allowedHosts, privateHosts },
        );
      } catch (error) {
        log.info('webhook of a prediction was not delivered', { prediction_id: view.id, error });
      }
    },
    async tellEndOf(row) {
      const { webhook: url } = row;
      if (url === null) return;
      try {
        await work.enqueueWebhook({
          bundleId: '',
          url,
          event: 'prediction.completed',
          payload: viewOf(row),
          deliveryKey: keyOf(row),
        });
        await rows.told(nameOf(row));
      } catch (error) {
        log.warn('the last webhook of a prediction could not be kept', {
          prediction_id: row.prediction_id,
          error,
        });
      }
    },
    async addJob(row) {
      try {
        await work.jobs.add({
          kind: 'prediction',
          bundleId: row.bundle_id,
          name: 'prediction',
          // One job for one row, also where an id is used again after its row has gone.
          dedupeKey: keyOf(row),
          data: { user_id: row.user_id, prediction_id: row.prediction_id },
          maxAttempts: STARTS,
          delayMs: 0,
        });
      } catch (error) {
        log.warn('a prediction could not be handed on yet', { prediction_id: row.prediction_id, error });
      }
    },
  };
  const predictions = new RecordedPredictions(parts);
  scope.defer(() => predictions.stop(Deadline.in(CLOSE_MS, clock)));
  const reconcile = (): void => {
    reconcilePredictions(parts, isoTime(now())).catch((error: unknown) =>
      log.warn('predictions could not be looked through', { error }),
    );
  };
  const timer = setInterval(reconcile, config.jobReconcile);
  scope.defer(() => clearInterval(timer));
  return { predictions, rows, runJob: (row, signal) => predictions.runJob(row, signal) };
}

function nameOf(row: PredictionRow): PredictionName {
  return { bundleId: row.bundle_id, userId: row.user_id, predictionId: row.prediction_id };
}

function keyOf(row: PredictionRow): string {
  return JSON.stringify([row.bundle_id, row.user_id, row.prediction_id, row.created_at.toISOString()]);
}
