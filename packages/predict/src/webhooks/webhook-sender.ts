import { decideRetryDelay, signWebhook, sleep } from '@switchyard/kernel';
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
  /** For one message. */
  makeId(): string;
}

export interface Delivery {
  readonly url: string;
  readonly view: PredictionView;
  /** `traceparent`, `tracestate` of the request that made the prediction. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends waits between attempts: the process is going. */
  readonly signal: AbortSignal;
}

interface Attempt {
  readonly outcome: 'taken' | 'refused' | 'failed';
  /** For the operator, where it was not taken. */
  readonly reason: string;
}

export type WebhookSender = ReturnType<typeof createWebhookSender>;

/** The longest wait between two attempts. With 1 s and eight attempts: about two minutes in all. */
const MAX_WAIT_MS = 64_000;

export function createWebhookSender({ outbound, config, log, now, random, makeId }: WebhookSenderParts) {
  const attempt = async (id: string, { url, view, headers }: Delivery): Promise<Attempt> => {
    const body = Buffer.from(JSON.stringify(view));
    try {
      const answer = await outbound.send(new URL(url), {
        method: 'POST',
        body,
        headers: {
          ...headers,
          'Content-Type': 'application/json',
          'Content-Length': String(body.byteLength),
          ...ownHeaders(id, body),
        },
        signal: AbortSignal.timeout(config.webhookMs),
      });
      answer.body.resume();
      if (answer.status >= 200 && answer.status < 300) return { outcome: 'taken', reason: '' };
      const outcome = answer.status === 429 || answer.status >= 500 ? 'failed' : 'refused';
      return { outcome, reason: `the answer is ${answer.status}` };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { outcome: error instanceof RefusedAddress ? 'refused' : 'failed', reason };
    }
  };

  function ownHeaders(id: string, body: Uint8Array): Record<string, string> {
    const { webhookToken, webhookSecret } = config;
    const timestampSec = Math.floor(now() / 1000);
    return {
      ...(webhookToken === undefined ? {} : { Authorization: `Bearer ${webhookToken}` }),
      ...Object.fromEntries(signWebhook(webhookSecret, { id, timestampSec, body })),
    };
  }

  return {
    async sendOnce(delivery: Delivery): Promise<void> {
      const { outcome, reason } = await attempt(makeId(), delivery);
      if (outcome !== 'taken')
        log.info('webhook not delivered', { prediction_id: delivery.view.id, outcome, reason });
    },
    /** Retried on network errors, 429 and 5xx with growing waits; any other answer is final. */
    async sendUntilTaken(delivery: Delivery): Promise<void> {
      const rule = { attempts: config.webhookAttempts - 1, minMs: config.webhookRetryMs, maxMs: MAX_WAIT_MS };
      // One message, however often it is tried: who got it already can tell.
      const id = makeId();
      for (let tried = 1; ; tried += 1) {
        const { outcome, reason } = await attempt(id, delivery);
        if (outcome === 'taken') return;
        const waitMs = outcome === 'failed' ? decideRetryDelay(rule, tried, random) : undefined;
        if (waitMs === undefined || delivery.signal.aborted) {
          log.warn('last webhook given up', {
            prediction_id: delivery.view.id,
            outcome,
            reason,
            attempts: tried,
          });
          return;
        }
        await sleep(waitMs, delivery.signal).catch(() => undefined);
      }
    },
  };
}
