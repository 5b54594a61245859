import { Queue, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { openLibraryDriver } from '@switchyard/redis';
import type { Keys } from '@switchyard/redis';
import type { Log } from '@switchyard/telemetry';
import { JOB_KINDS } from './job-row.ts';
import type { JobKind } from './job-row.ts';

/** It is time to look at a row that had so many starts. */
export interface JobHint {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly attempt: number;
  readonly delayMs: number;
}

export interface TickData {
  readonly bundleId: string;
  readonly name: string;
  readonly cron: string;
  readonly timezone: string | null;
}

export interface CarrierParts {
  readonly redisUrl: string;
  readonly keys: Keys;
  readonly log: Log;
  /** Rows of each kind worked on at once in this process: a flood of one, or receivers that hang, leave the others their own. */
  readonly slots: Readonly<Record<JobKind, number>>;
}

export interface CarrierHandlers {
  /** Both resolve when the work is over, however it ended. */
  onHint(jobId: string, attempt: number): Promise<void>;
  onTick(data: TickData, tick: Date): Promise<void>;
}

export type JobCarrier = ReturnType<typeof createJobCarrier>;

/** `background` was the only one once, and has the schedules: what a former release left there is found by its row. */
const QUEUE_OF: Readonly<Record<JobKind, string>> = {
  schedule: 'background',
  job: 'jobs',
  webhook: 'webhooks',
  prediction: 'predictions',
  procedure: 'procedures',
};
/** Of a schedule that names none. Left to the library it would be that of whichever worker comes first. */
export const DEFAULT_TIMEZONE = 'UTC';
const HINT = 'hint';
const TICK = 'tick';
/** A worker that lost its Redis for this long gives its hints back; their rows have leases of their own. */
const HINT_LOCK_MS = 15_000;
/** How often is looked for hints whose worker is gone. A schedule whose tick one of them was stands still until lock and look are over. */
const STALLED_EVERY_MS = 5_000;

/**
 * BullMQ as the carrier: it wakes workers in time and in turn, and knows nothing that the rows do not. So a hint that comes twice, or
 * never, costs time and no start.
 */
export function createJobCarrier(parts: CarrierParts) {
  const { keys, log, slots, redisUrl } = parts;
  const onError = (error: Error): void => log.warn('background jobs lost their redis', { error });
  const target = { url: redisUrl, name: 'jobs', prefix: keys.prefix };
  const driver = openLibraryDriver(target, onError);
  const shared = { connection: driver, prefix: keys.jobs() };
  // Rows keep the history. One try: what comes after a failure is decided on the row.
  const once = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const;
  const open = (kind: JobKind): Queue => {
    const queue = new Queue(QUEUE_OF[kind], { ...shared, defaultJobOptions: once });
    queue.on('error', onError);
    return queue;
  };
  const queues = {
    job: open('job'),
    schedule: open('schedule'),
    webhook: open('webhook'),
    prediction: open('prediction'),
    procedure: open('procedure'),
  };
  const workers: Worker[] = [];
  return {
    /** Of the schedules. */
    queue: queues.schedule,
    /** Adding one that is there already changes nothing. */
    async hint({ jobId, kind, attempt, delayMs }: JobHint): Promise<void> {
      await queues[kind].add(HINT, { attempt, jobId }, { jobId: `${jobId}-${attempt}`, delay: delayMs });
    },
    async setSchedule(id: string, data: TickData): Promise<void> {
      const repeat = { pattern: data.cron, tz: data.timezone ?? DEFAULT_TIMEZONE };
      await queues.schedule.upsertJobScheduler(id, repeat, { name: TICK, data, opts: once });
    },
    listen({ onHint, onTick }: CarrierHandlers): void {
      const process = async (job: Job): Promise<void> => {
        if (job.name === TICK) return onTick(job.data as TickData, new Date(tickOf(job)));
        const { jobId, attempt } = job.data as { jobId: string; attempt: number };
        return onHint(jobId, attempt);
      };
      for (const kind of JOB_KINDS) {
        const worker = new Worker(QUEUE_OF[kind], process, {
          ...shared,
          concurrency: slots[kind],
          lockDuration: HINT_LOCK_MS,
          stalledInterval: STALLED_EVERY_MS,
          // Never a second run by Redis' own opinion: what a dead worker left is found by its row.
          maxStalledCount: 0,
        });
        worker.on('error', onError);
        workers.push(worker);
      }
    },
    /** No further hints; resolves when those under way are over. */
    async quiet(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.close()));
    },
    async close(): Promise<void> {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
      driver.disconnect();
    },
  };
}

/** The time that the schedule names, not the one at which a worker came to it. */
function tickOf(job: Job): number {
  return job.opts.prevMillis ?? job.timestamp + job.delay;
}
