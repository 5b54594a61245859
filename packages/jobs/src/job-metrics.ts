import type { Metrics } from '@switchyard/telemetry';
import { JOB_KINDS } from './job-row.ts';
import type { JobKind } from './job-row.ts';

export type JobMetrics = ReturnType<typeof createJobMetrics>;

/** Figures of background work. No bundle names as labels: their number is not ours to bound. */
export function createJobMetrics(metrics: Metrics, readRunning: () => number) {
  const running = metrics.gauge('switchyard_jobs_running', 'Background jobs that run in this worker.');
  const waiting = metrics.gauge('switchyard_jobs_waiting', 'Background jobs that are due and wait.', [
    'kind',
  ]);
  const oldest = metrics.gauge(
    'switchyard_jobs_oldest_waiting_seconds',
    'How long the oldest due background job has waited.',
    ['kind'],
  );
  metrics.onScrape(() => running.set(readRunning()));
  return {
    ended: metrics.counter('switchyard_jobs_ended_total', 'Starts of background jobs, by how they ended.', [
      'kind',
      'outcome',
    ]),
    runTime: metrics.timer('switchyard_jobs_run_seconds', 'A start of a background job.', ['kind']),
    setWaiting(rows: readonly { kind: JobKind; waiting: number; oldest_sec: number }[]): void {
      for (const kind of JOB_KINDS) {
        const row = rows.find((one) => one.kind === kind);
        waiting.set(row?.waiting ?? 0, { kind });
        oldest.set(row?.oldest_sec ?? 0, { kind });
      }
    },
  };
}
