import type { Clock } from '@switchyard/kernel';
import type { ExecCause } from '@switchyard/protocol';
import type { Metrics } from '@switchyard/telemetry';
import type { RunSlots } from './run-slots.ts';

export interface RunFigures {
  /** Counts a run by how it ended, and how long it took. */
  timed(run: () => Promise<ExecCause>): Promise<ExecCause>;
}

export function createRunFigures(metrics: Metrics, slots: RunSlots, clock: Clock): RunFigures {
  const runs = metrics.timer('switchyard_exec_run_seconds', 'Runs of programs, by how they ended.', [
    'cause',
  ]);
  const taken = metrics.gauge('switchyard_exec_running', 'Programs that run.');
  const waiting = metrics.gauge('switchyard_exec_waiting', 'Programs that wait for a slot.');
  metrics.onScrape(() => {
    taken.set(slots.taken);
    waiting.set(slots.waiting);
  });
  return {
    async timed(run) {
      const startedAt = clock.monotonic();
      let cause: string = 'failed';
      try {
        const ended = await run();
        cause = ended;
        return ended;
      } finally {
        runs.observeMs(clock.monotonic() - startedAt, { cause });
      }
    },
  };
}
