import { PlatformError, sleep, withTimeout } from '@switchyard/kernel';
import type { Deadline, HealthReport, Service } from '@switchyard/kernel';
import { createJobMetrics } from './job-metrics.ts';
import type { NewJob } from './job-rows.ts';
import { createJobStarts } from './job-starts.ts';
import type { JobsParts } from './job-starts.ts';
import { reconcileJobs } from './reconcile-jobs.ts';
import { createRunningJobs } from './running-jobs.ts';

export interface BackgroundJobs extends Service {
  /** A row first, then the hint, so that what was answered is kept. Rejects ENQUEUE_REJECTED when too many wait. */
  add(job: Omit<NewJob, 'jobId'>): Promise<{ jobId: string; isNew: boolean }>;
  /** One more chance for a dead one. False: it is not dead, or not there. */
  retryDead(bundleId: string, jobId: string, attempts: number): Promise<boolean>;
  dropDead(bundleId: string, jobId: string): Promise<boolean>;
  /** What serves has changed. Never rejects. */
  syncSchedules(): Promise<void>;
  /** Looks for what Redis lost and whose worker died; done by itself as well. */
  reconcile(): Promise<void>;
}

export function createJobs(parts: JobsParts): BackgroundJobs {
  const { rows, carrier, schedules, log, config, makeId } = parts;
  const running = createRunningJobs(rows, parts.clock, config.leaseMs);
  const metrics = createJobMetrics(parts.metrics, () => running.count());
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];

  const { hint, start, onTick } = createJobStarts(parts, running, metrics, stopping.signal);
  const reconcile = (): Promise<void> => reconcileJobs({ ...parts, metrics, hint });
  const syncSchedules = (): Promise<void> =>
    schedules.sync().catch((error: unknown) => log.warn('schedules could not be compared', { error }));

  const every = async (ms: number, what: string, work: () => Promise<void>): Promise<void> => {
    for (;;) {
      await sleep(ms, stopping.signal).catch(() => undefined);
      if (stopping.signal.aborted) return;
      await work().catch((error: unknown) => log.warn(what, { error }));
    }
  };
  const leases = async (): Promise<void> => {
    running.abortOverdue();
    await running.renew();
  };

  const endRunning = async (deadline: Deadline): Promise<void> => {
    const quiet = carrier.quiet();
    await withTimeout(quiet, deadline.remainingMs(), 'the end of running jobs').catch(async () => {
      running.abortAll();
      await withTimeout(quiet, config.leaseMs, 'the end of stopped jobs').catch((error: unknown) =>
        log.warn('jobs were left behind', { error }),
      );
    });
  };

  let watch: NodeJS.Timeout | undefined;
  let renewing: NodeJS.Timeout | undefined;
  return {
    name: 'jobs',
    async start() {
      carrier.listen({ onHint: start, onTick });
      // Beside the loop: a renewal that hangs must not keep the deadline from being seen; both go on while running jobs end.
      watch = setInterval(() => running.abortOverdue(), Math.max(100, config.leaseMs / 20));
      renewing = setInterval(() => {
        leases().catch((error: unknown) => log.warn('leases of jobs could not be renewed', { error }));
      }, config.leaseMs / 5);
      loops.push(
        every(config.reconcileMs, 'jobs could not be looked through', async () => {
          await syncSchedules();
          await reconcile();
        }),
      );
      await syncSchedules();
    },
    async stop(deadline: Deadline) {
      if (stopping.signal.aborted) return;
      stopping.abort();
      try {
        await endRunning(deadline);
        await Promise.all(loops);
      } finally {
        clearInterval(watch);
        clearInterval(renewing);
        await carrier.close();
      }
    },
    health: (): HealthReport => ({ ok: true, detail: { running: running.count() } }),
    async add(job) {
      const added = await rows.add({ ...job, jobId: makeId() }, config.maxWaiting);
      if (added === 'full')
        throw PlatformError.of('ENQUEUE_REJECTED', 'Too many jobs of this bundle wait already.', {
          retryAfterSec: 5,
        });
      if (added.isNew) await hint({ job_id: added.jobId, kind: job.kind, attempt: 0 }, job.delayMs);
      return added;
    },
    async retryDead(bundleId, jobId, attempts) {
      const row = await rows.retryDead(bundleId, jobId, attempts);
      if (row !== undefined) await hint(row, 0);
      return row !== undefined;
    },
    dropDead: async (bundleId, jobId) => (await rows.dropDead(bundleId, jobId)) !== undefined,
    syncSchedules,
    reconcile,
  };
}
