import { hostOf, sendGuarded } from '@switchyard/capabilities';
import { signWebhook } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { makeMessageId } from '@switchyard/predict';
import { PROCEDURES } from '@switchyard/store';
import type { PredictionRow, PredictionRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { ProcConfig } from '../env.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { nameOfRow, viewOf } from './prediction-view.ts';

export interface HandOnParts {
  readonly rows: Pick<PredictionRows, 'told'>;
  readonly work: Pick<BundleJobs, 'jobs' | 'enqueueWebhook'>;
  readonly config: Pick<ProcConfig, 'httpAllowedHosts' | 'httpPrivateHosts' | 'predictionWebhookSecret'>;
  readonly clock: Pick<Clock, 'now'>;
  randomBytes(size: number): Uint8Array;
  readonly log: Log;
}

/** Its name in the row of a webhook; the value is the operator's setting at each try. */
const PLATFORMS_KEY = 'PREDICTION_WEBHOOK_SECRET';
const WEBHOOK_ONCE_MS = 10_000;
/**
 * Of a job whose worker died before it began: another one may. So many, and with a pause, because a worker of a former version that stands
 * beside this one is refused what was sealed.
 */
const STARTS = 30;
const PAUSE_MS = 1000;

/** What leaves this worker for a prediction: webhooks on its way, the last one as background work, and the work itself where it waits. */
export function createHandOn({
  rows,
  work,
  config,
  clock,
  log,
  randomBytes,
}: HandOnParts): Pick<PredictionParts, 'sendWebhookOnce' | 'tellEndOf' | 'addJob'> {
  const {
    httpAllowedHosts: allowedHosts,
    httpPrivateHosts: privateHosts,
    predictionWebhookSecret: key,
  } = config;
  return {
    async sendWebhookOnce(url, view, trace) {
      try {
        const body = JSON.stringify(view);
        const timestampSec = Math.floor(clock.now() / 1000);
        const signed = signWebhook(key?.reveal(), { id: makeMessageId(randomBytes), timestampSec, body });
        const post = {
          url,
          // The client names it; what the operator allows is all there is to ask.
          httpHosts: [hostOf(new URL(url))],
          headers: [...Object.entries(trace), ['content-type', 'application/json'], ...signed] as [
            string,
            string,
          ][],
          body,
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
          ...(key === undefined ? {} : { secret: PLATFORMS_KEY }),
        });
        await rows.told(nameOfRow(row));
      } catch (error) {
        log.warn('the last webhook of a prediction could not be kept', { prediction_id, error });
      }
    },
    async addJob(row) {
      const { prediction_id } = row;
      try {
        await work.jobs.add({
          kind: row.bundle_id === PROCEDURES ? 'procedure' : 'prediction',
          bundleId: row.bundle_id,
          name: 'prediction',
          dedupeKey: row.attempt === 0 ? keyOf(row) : `${keyOf(row)}#${row.attempt}`,
          data: { user_id: row.user_id, prediction_id },
          maxAttempts: STARTS,
          backoff: { kind: 'fixed', delayMs: PAUSE_MS },
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
