import { createHmac } from 'node:crypto';
import { decideRetryDelay, sleep } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { RefusedAddress } from '../files/outbound.ts';
import type { Outbound } from '../files/outbound.ts';
import type { PredictConfig } from '../predict-config.ts';
import type { PredictionView } from '../prediction-view.ts';

export interface WebhookSenderParts {
  readonly outbound: Outbound;
  readonly config: Pick<
    PredictConfig,
    'webhookMs' | 'webhookAttempts' | 'webhookRetryMs' | 'webhookToken' | 'webhookSecret'
  >;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  now(): number;
  random(): number;
}

export interface Delivery {
  readonly url: string;
  readonly view: PredictionView;
  /** `traceparent`, `tracestate` of the request that made the prediction. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends waits between attempts: the process is going. */
  readonly signal: AbortSignal;
}

export type WebhookSender = ReturnType<typeof createWebhookSender>;

/** The longest wait between two attempts. With 1 s and eight attempts: about two minutes in all. */
const MAX_WAIT_MS = 64_000;

export function createWebhookSender({ outbound, config, log, now, random }: WebhookSenderParts) {
  const attempt = async ({ url, view, headers }: Delivery): Promise<'taken' | 'refused' | 'failed'> => {
    const body = Buffer.from(JSON.stringify(view));
    try {
      const answer = await outbound.send(new URL(url), {
        method: 'POST',
        body,
        headers: {
          ...headers,
          'Content-Type': 'application/json',
          'Content-Length': String(body.byteLength),
          ...signed(view.id, body),
        },
        signal: AbortSignal.timeout(config.webhookMs),
      });
      answer.body.resume();
      if (answer.status >= 200 && answer.status < 300) return 'taken';
      return answer.status === 429 || answer.status >= 500 ? 'failed' : 'refused';
    } catch (error) {
      return error instanceof RefusedAddress ? 'refused' : 'failed';
    }
  };

  function signed(id: string, body: Buffer): Record<string, string> {
    const bearer =
      config.webhookToken === undefined ? {} : { Authorization: `Bearer ${config.webhookToken}` };
    if (config.webhookSecret === undefined) return bearer;
    // As Standard Webhooks have it: over id, time and body, so that neither can be changed and an old one is seen to be old.
    const timestamp = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', config.webhookSecret)
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest('base64');
    return {
      ...bearer,
      'Webhook-Id': id,
      'Webhook-Timestamp': timestamp,
      'Webhook-Signature': `v1,${signature}`,
    };
  }

  return {
    async sendOnce(delivery: Delivery): Promise<void> {
      const outcome = await attempt(delivery);
      if (outcome !== 'taken')
        log.info('webhook not delivered', { prediction_id: delivery.view.id, outcome });
    },
    /** Retried on network errors, 429 and 5xx with growing waits; any other answer is final. */
    async sendUntilTaken(delivery: Delivery): Promise<void> {
      const rule = { attempts: config.webhookAttempts - 1, minMs: config.webhookRetryMs, maxMs: MAX_WAIT_MS };
      for (let tried = 1; ; tried += 1) {
        const outcome = await attempt(delivery);
        if (outcome === 'taken') return;
        const waitMs = outcome === 'failed' ? decideRetryDelay(rule, tried, random) : undefined;
        if (waitMs === undefined || delivery.signal.aborted) {
          log.warn('last webhook given up', { prediction_id: delivery.view.id, outcome, attempts: tried });
          return;
        }
        await sleep(waitMs, delivery.signal).catch(() => undefined);
      }
    },
  };
}
