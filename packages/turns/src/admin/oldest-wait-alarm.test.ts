import { Deadline, systemClock } from '@switchyard/kernel';
import type { AdminLanes } from '@switchyard/protocol';
import { createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { expect, it } from 'vitest';
import { createOldestWaitAlarm, decideAlarms } from './oldest-wait-alarm.ts';

const view = (lane: 'paid' | 'registered', waitSeconds: number | null) => ({
  lane,
  ready: waitSeconds === null ? 0 : 3,
  inflight: 0,
  next_task_id: null,
  oldest_wait_seconds: waitSeconds,
  is_late: (waitSeconds ?? 0) > 30,
});

it('an alarm begins once, and is over once', () => {
  const both = [view('paid', 31), view('registered', 5)];
  expect(decideAlarms(new Set(), both)).toMatchObject({ raised: [{ lane: 'paid' }], cleared: [] });
  expect(decideAlarms(new Set(['paid']), both)).toEqual({ raised: [], cleared: [] });
  expect(decideAlarms(new Set(['paid']), [view('paid', null)])).toMatchObject({
    raised: [],
    cleared: [{ lane: 'paid' }],
  });
});

it('says so in the log, with a constant sentence, and in the metric, and goes on after a failed look', async () => {
  const lines: string[] = [];
  const write = (message: string) => void lines.push(message);
  const log = { error: write, warn: write, info: write } as unknown as Log;
  const metrics = createMetrics({ service: 'test' });
  const waits = [31, 40, 'away', 2] as const;
  let looks = 0;
  const done = Promise.withResolvers<void>();
  const lanes = (): Promise<AdminLanes> => {
    const wait = waits[looks];
    looks += 1;
    if (looks === waits.length + 1) done.resolve();
    if (wait === 'away') return Promise.reject(new Error('redis is away'));
    const answer = { load: 3, capacity: 9, workers: 0, lanes: [view('paid', wait ?? null)] };
    return Promise.resolve({ ...answer, oldest_wait_limit_seconds: 30 });
  };
  const alarm = createOldestWaitAlarm({ lanes, everyMs: 5, clock: systemClock, log, metrics });
  await alarm.start();
  await done.promise;
  await alarm.stop(Deadline.in(1000));
  expect(lines).toEqual([
    'a lane waits too long',
    'waiting times could not be read',
    'a lane waits no longer than it may',
  ]);
  expect(await metrics.text()).toContain(
    'switchyard_turns_oldest_wait_seconds{lane="paid",service="test"} 0',
  );
});
