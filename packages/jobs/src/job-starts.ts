import { withTimeout } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';
import { decideEnd } from './decide-end.ts';
import type { JobOutcome, JobPatience } from './decide-end.ts';
import type { JobCarrier, TickData } from './job-carrier.ts';
import type { JobMetrics } from './job-metrics.ts';
import type { JobRow } from './job-row.ts';
import type { JobRows } from './job-rows.ts';
import type { RunningJobs } from './running-jobs.ts';
import type { ScheduleSync } from './schedule-sync.ts';

/** Does the work of a started row. Resolves with how it ended; a rejection counts as `failed`. */
export type RunJob = (row: JobRow, signal: AbortSignal) => Promise<JobOutcome>;

export interface JobsConfig {
  readonly leaseMs: number;
  readonly reconcileMs: number;
  readonly maxWaiting: number;
  readonly keepMs: number;
  readonly keepDeadMs: number;
  readonly waitAlarmMs: number;
  /** For bundles that take nothing. */
  readonly patience: JobPatience;
}

export interface JobsParts {
  readonly rows: JobRows;
  readonly carrier: JobCarrier;
  readonly schedules: ScheduleSync;
  readonly run: RunJob;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** A new id: of a job, or the fence of a start. */
  readonly makeId: () => string;
  readonly config: JobsConfig;
}

/** What a hint says of a row. */
export type HintedRow = Pick<JobRow, 'job_id' | 'kind' | 'attempt'>;

/** What a worker does with the hints and ticks that the carrier brings. */
export function createJobStarts(
  parts: JobsParts,
  running: RunningJobs,
  metrics: JobMetrics,
  stopping: AbortSignal,
) {
  const { rows, carrier, schedules, clock, log, config, makeId } = parts;

  const hint = async (row: HintedRow, delayMs: number): Promise<void> => {
    try {
      await withTimeout(
        carrier.hint({ jobId: row.job_id, kind: row.kind, attempt: row.attempt, delayMs }),
        config.reconcileMs,
        'a hint',
      );
    } catch (error) {
      // The row is there, and is found when it is overdue.
      log.warn('job waits for the next look', { job_id: row.job_id, error });
    }
  };

  const runOnce = async (row: JobRow, signal: AbortSignal): Promise<JobOutcome> => {
    try {
      const outcome = await parts.run(row, signal);
      return outcome.kind !== 'done' && signal.aborted
        ? { kind: 'lost', error: String(signal.reason) }
        : outcome;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      return { kind: signal.aborted ? 'lost' : 'failed', error: text };
    }
  };

  /** At most one start per attempt: the compare-and-set decides who it is, and everybody else goes away. */
  const start = async (jobId: string, attempt: number): Promise<void> => {
    if (stopping.aborted) return;
    const fence = makeId();
    const since = clock.monotonic();
    const row = await rows.start(jobId, attempt, fence, config.leaseMs);
    if (row === undefined) return;
    const signal = running.add(fence, since);
    try {
      const outcome = await runOnce(row, signal);
      const ageMs = clock.now() - row.created_at.getTime();
      const end = decideEnd(row, outcome, { ageMs, patience: config.patience });
      metrics.ended.add({ kind: row.kind, outcome: outcome.kind });
      metrics.runTime.observeMs(clock.monotonic() - since, { kind: row.kind });
      const ended = await rows.end(jobId, fence, end);
      if (ended === undefined) log.warn('job had lost its lease when it ended', { job_id: jobId });
      else if (end.status === 'queued') await hint(ended, end.delayMs);
    } finally {
      running.remove(fence);
    }
  };

  const onTick = async (data: TickData, tick: Date): Promise<void> => {
    const schedule = await schedules.stillServes(data);
    if (schedule === undefined) return;
    const key = tick.toISOString();
    const row = {
      jobId: makeId(),
      kind: 'schedule',
      bundleId: data.bundleId,
      name: data.name,
      dedupeKey: key,
      data: { tick: key },
      maxAttempts: schedule.maxAttempts,
      delayMs: 0,
    } as const;
    const added = await rows.add(row, config.maxWaiting);
    if (added !== 'full') return start(added.jobId, 0);
    const error = `Skipped: ${config.maxWaiting} ticks of the bundle's schedules wait already.`;
    if (!(await rows.addSkipped(row, error))) return;
    metrics.ended.add({ kind: 'schedule', outcome: 'skipped' });
    log.warn('tick of a schedule was skipped', {
      bundle_id: data.bundleId,
      name: data.name,
      tick: key,
      reason: error,
    });
  };

  return { hint, start, onTick };
}
