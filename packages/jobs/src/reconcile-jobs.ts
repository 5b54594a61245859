import { decideEnd } from './decide-end.ts';
import type { JobMetrics } from './job-metrics.ts';
import type { HintedRow, JobsParts } from './job-starts.ts';

export interface ReconcileParts extends Pick<JobsParts, 'rows' | 'log' | 'config' | 'clock'> {
  readonly metrics: JobMetrics;
  readonly hint: (row: HintedRow, delayMs: number) => Promise<void>;
}

/** Rows in one look; the rest is found by the next one. */
const BATCH = 500;

/** One look at the rows: what a dead worker left is ended, what Redis lost is hinted again, what is old goes. */
export async function reconcileJobs({
  rows,
  log,
  config,
  clock,
  metrics,
  hint,
}: ReconcileParts): Promise<void> {
  for (const row of await rows.listLost(BATCH)) {
    const ageMs = clock.now() - row.created_at.getTime();
    const died = { kind: 'lost', error: 'The worker that ran it died.' } as const;
    const end = decideEnd(row, died, { ageMs, patience: config.patience });
    const ended = await rows.endLost(row.job_id, row.fence ?? '', end);
    if (ended === undefined) continue;
    log.warn('job was interrupted', { job_id: row.job_id, kind: row.kind, becomes: end.status });
    if (end.status === 'queued') await hint(ended, end.delayMs);
  }
  for (const row of await rows.listOverdue(config.reconcileMs, BATCH)) await hint(row, 0);
  const waiting = await rows.waiting();
  metrics.setWaiting(waiting);
  for (const { kind, oldest_sec: oldestSec, waiting: count } of waiting)
    if (oldestSec * 1000 > config.waitAlarmMs)
      log.warn('jobs wait too long', { kind, oldest_sec: Math.round(oldestSec), waiting: count });
  await rows.sweep(config.keepMs, config.keepDeadMs, BATCH);
}
