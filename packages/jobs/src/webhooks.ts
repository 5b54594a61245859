import { PlatformError, signWebhook } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { z } from 'zod';
import type { JobOutcome } from './decide-end.ts';
import type { BackgroundJobs } from './create-jobs.ts';
import type { JobRow } from './job-row.ts';

export interface WebhookRequest {
  readonly url: string;
  readonly headers: readonly [name: string, value: string][];
  readonly body: string;
}

export interface WebhookParts {
  readonly jobs: Pick<BackgroundJobs, 'add'>;
  /**
   * One request, for the bundle of the row. It refuses private addresses by itself, follows no redirect, and ends at the signal. Rejects
   * CAPABILITY_DENIED for what may not be reached, BUNDLE_UNAVAILABLE while nobody can say what may, and anything else when the other
   * end could not be reached.
   */
  readonly send: (
    bundleId: string,
    request: WebhookRequest,
    signal: AbortSignal,
  ) => Promise<{ status: number }>;
  /** The value of a secret. Asked at each attempt, so that no key is ever in a row. */
  readonly readSecret: (bundleId: string, name: string) => Promise<string | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly timeoutMs: number;
  /** Deliveries at most: with the pauses 1, 2, 4, ... s. */
  readonly maxAttempts: number;
}

export interface WebhookInput {
  readonly bundleId: string;
  readonly url: string;
  /** What happened: the row's name. */
  readonly event: string;
  readonly payload: unknown;
  /** The same again is one delivery. */
  readonly deliveryKey?: string | undefined;
  /** Further headers, as `traceparent`; those of a delivery itself win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name of the secret that signs; without it unsigned. */
  readonly secret?: string | undefined;
}

export type Webhooks = ReturnType<typeof createWebhooks>;

const dataSchema = z.object({
  url: z.string(),
  body: z.string(),
  secret: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});
const BACKOFF = { kind: 'exponential', delayMs: 1000 } as const;

/** Outgoing deliveries: kept as rows until the other end said yes, tried again with growing pauses, dead ones visible. */
export function createWebhooks(parts: WebhookParts) {
  const { jobs, send, clock, timeoutMs, maxAttempts } = parts;
  return {
    enqueue({ url, event, payload, bundleId, deliveryKey, secret, headers }: WebhookInput) {
      return jobs.add({
        kind: 'webhook',
        bundleId,
        name: event,
        dedupeKey: deliveryKey,
        data: {
          url,
          body: JSON.stringify(payload),
          ...(secret === undefined ? {} : { secret }),
          ...(headers === undefined ? {} : { headers }),
        },
        maxAttempts,
        backoff: BACKOFF,
        delayMs: 0,
      });
    },
    /** For the `run` of jobs. 2xx is done; 408, 429, 5xx and no answer are tried again; anything else will not get better. */
    async deliver(row: JobRow, signal: AbortSignal): Promise<JobOutcome> {
      const { url, body, secret, headers: further = {} } = dataSchema.parse(row.data);
      const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const own = await headersOf(parts, row, body, secret);
        const names = new Set(own.map(([name]) => name));
        const headers = [
          ...Object.entries(further).filter(([name]) => !names.has(name.toLowerCase())),
          ...own,
        ];
        const { status } = await send(row.bundle_id, { url, headers, body }, limited);
        return outcomeOf(status);
      } catch (error) {
        return outcomeOfError(error, limited.aborted && !signal.aborted ? timeoutMs : undefined);
      }
    },
  };

  async function headersOf(
    { readSecret }: WebhookParts,
    { job_id: id, bundle_id: bundleId }: JobRow,
    body: string,
    secret: string | undefined,
  ): Promise<[string, string][]> {
    const key = secret === undefined ? undefined : await readSecret(bundleId, secret);
    if (secret !== undefined && key === undefined)
      throw PlatformError.of('SECRET_MISSING', `The secret "${secret}", which signs it, is not set.`);
    const timestampSec = Math.floor(clock.now() / 1000);
    return [['content-type', 'application/json'], ...signWebhook(key, { id, timestampSec, body })];
  }
}

function outcomeOf(status: number): JobOutcome {
  if (status >= 200 && status < 300) return { kind: 'done' };
  const isRedirect = status >= 300 && status < 400;
  const mayPass = status === 408 || status === 429 || status >= 500;
  const error = `The receiver answered ${status}${isRedirect ? '; redirects are not followed' : ''}.`;
  return { kind: mayPass ? 'failed' : 'final', error };
}

function outcomeOfError(error: unknown, timedOutMs: number | undefined): JobOutcome {
  if (timedOutMs !== undefined)
    return { kind: 'failed', error: `The receiver did not answer within ${timedOutMs} ms.` };
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof PlatformError ? error.code : undefined;
  // Nothing was sent, and it is not the receiver's fault.
  if (code === 'BUNDLE_UNAVAILABLE' || code === 'DRAINING' || code === 'UNAVAILABLE')
    return { kind: 'unavailable', error: text };
  const isForGood = code === 'CAPABILITY_DENIED' || code === 'INVALID_REQUEST' || code === 'SECRET_MISSING';
  return { kind: isForGood ? 'final' : 'failed', error: text };
}
