import { createHmac } from 'node:crypto';
import type { Clock } from '@switchyard/kernel';
import { z } from 'zod';
import type { JobOutcome } from './decide-end.ts';
import type { BackgroundJobs } from './create-jobs.ts';
import type { JobRow } from './job-row.ts';

export interface WebhookParts {
  readonly jobs: Pick<BackgroundJobs, 'add'>;
  /**
   * One request. It must refuse private addresses by itself, on every redirect, and end at the signal. Rejects when the other end
   * could not be reached.
   */
  readonly send: (url: string, init: RequestInit) => Promise<{ status: number }>;
  /** The key that signs; undefined: unsigned. Asked at each attempt, so that no key is ever in a row. */
  readonly signingKey: (event: string) => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timeoutMs: number;
}

export interface WebhookInput {
  readonly url: string;
  /** What happened: the row's name. */
  readonly event: string;
  readonly payload: unknown;
  readonly bundleId?: string;
  /** The same again is one delivery. */
  readonly deliveryKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Webhooks = ReturnType<typeof createWebhooks>;

const dataSchema = z.object({
  url: z.string(),
  body: z.string(),
  headers: z.record(z.string(), z.string()),
});
/** 1, 2, 4, ... 64 s: about two minutes in all. */
const MAX_ATTEMPTS = 8;
const BACKOFF = { kind: 'exponential', delayMs: 1000 } as const;

/** Outgoing deliveries: kept as rows until the other end said yes, tried again with growing pauses, dead ones visible. */
export function createWebhooks({ jobs, send, signingKey, clock, timeoutMs }: WebhookParts) {
  return {
    enqueue({ url, event, payload, bundleId = '', deliveryKey, headers = {} }: WebhookInput) {
      return jobs.add({
        kind: 'webhook',
        bundleId,
        name: event,
        dedupeKey: deliveryKey,
        data: { url, body: JSON.stringify(payload), headers },
        maxAttempts: MAX_ATTEMPTS,
        backoff: BACKOFF,
        delayMs: 0,
      });
    },
    /** For the `run` of jobs. 2xx is done; 429, 5xx and no answer are tried again; anything else will not get better. */
    async deliver(row: JobRow, signal: AbortSignal): Promise<JobOutcome> {
      const { url, body, headers } = dataSchema.parse(row.data);
      const timestamp = String(Math.floor(clock.now() / 1000));
      const key = await signingKey(row.name);
      const own = {
        'content-type': 'application/json',
        'webhook-id': row.job_id,
        'webhook-timestamp': timestamp,
        ...(key === undefined ? {} : { 'webhook-signature': sign(key, row.job_id, timestamp, body) }),
      };
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const init = { method: 'POST', body, headers: { ...headers, ...own }, signal: limited };
      try {
        const { status } = await send(url, init);
        if (status >= 200 && status < 300) return { kind: 'done' };
        const mayPass = status === 429 || status >= 500;
        return { kind: mayPass ? 'failed' : 'final', error: `The receiver answered ${status}.` };
      } catch (error) {
        return { kind: 'failed', error: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

/** As Standard Webhooks have it: over id, time and body, so that neither can be changed and an old one is seen to be old. */
function sign(key: string, id: string, timestamp: string, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
