import { hostOf, sendGuarded } from '@switchyard/capabilities';
import type { PredictionRow, PredictionRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { ProcConfig } from '../env.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { viewOf } from './prediction-view.ts';

export interface HandOnParts {
  readonly rows: Pick<PredictionRows, 'told'>;
  readonly work: Pick<BundleJobs, 'jobs' | 'enqueueWebhook'>;
  readonly config: Pick<ProcConfig, 'httpAllowedHosts' | 'httpPrivateHosts'>;
  readonly log: Log;
}

const WEBHOOK_ONCE_MS = 10_000;
/** Of a job whose worker died before it began: another one may. */
const STARTS = 5;

/** What leaves this worker for a prediction: webhooks on its way, the last one as background work, and the work itself where it waits. */
export function createHandOn({
  rows,
  work,
  config,
  log,
}: HandOnParts): Pick<PredictionParts, 'sendWebhookOnce' | 'tellEndOf' | 'addJob'> {
  const { httpAllowedHosts: allowedHosts, httpPrivateHosts: privateHosts } = config;
  return {
    async sendWebhookOnce(url, view, trace) {
      try {
        const post = {
          url,
          // The client names it; what the operator allows is all there is to ask.
          httpHosts: [hostOf(new URL(url))],
          headers: [['content-type', 'application/json'], ...Object.entries(trace)] as [string, string][],
          body: JSON.stringify(view),
          signal: AbortSignal.timeout(WEBHOOK_ONCE_MS),
        };
        await sendGuarded(post, { allowedHosts, privateHosts });
      } catch (error) {
        log.info('webhook of a prediction was not delivered', { prediction_id: view.id, error });
      }
    },
    async tellEndOf(row) {
      const { webhook, prediction_id } = row;
      if (webhook === null) return;
      try {
        await work.enqueueWebhook({
          bundleId: '',
          ...webhook,
          event: 'prediction.completed',
          payload: viewOf(row),
          deliveryKey: keyOf(row),
        });
        await rows.told({ bundleId: row.bundle_id, userId: row.user_id, predictionId: prediction_id });
      } catch (error) {
        log.warn('the last webhook of a prediction could not be kept', { prediction_id, error });
      }
    },
    async addJob(row) {
      const { prediction_id } = row;
      try {
        await work.jobs.add({
          kind: 'prediction',
          bundleId: row.bundle_id,
          name: 'prediction',
          dedupeKey: keyOf(row),
          data: { user_id: row.user_id, prediction_id },
          maxAttempts: STARTS,
          delayMs: 0,
        });
      } catch (error) {
        log.warn('a prediction could not be handed on yet', { prediction_id, error });
      }
    },
  };
}

/** One job and one last webhook for one row, also where an id is used again after its row has gone. */
function keyOf(row: PredictionRow): string {
  return JSON.stringify([row.bundle_id, row.user_id, row.prediction_id, row.created_at.toISOString()]);
}
