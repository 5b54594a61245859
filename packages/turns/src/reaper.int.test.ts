import { systemClock } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { expect } from 'vitest';
import { turnsTest as test } from '../test/stage.ts';
import { createCompletion } from './completion.ts';
import { createReaper } from './reaper.ts';
import { workerConfigSchema } from './turns-config.ts';
import { createFenceCounter } from './worker-parts.ts';

test('a reaper says when a suspicion will be over, and nothing where there is none', async ({ stage }) => {
  const { scripts, rows, keys } = stage;
  await stage.openEpoch();
  await stage.beat();
  const config = { ...workerConfigSchema.parse({}), lease: 60_000 };
  const shared = { clock: systemClock, log: silentLog, workerId: 'w-1', onEpoch: () => undefined };
  const parts = { scripts, rows, keys, config, ...shared };
  const reap = createReaper(parts, createCompletion(parts), createFenceCounter());
  expect(await reap()).toBeUndefined();
  const { ack } = await stage.turns.accept(stage.request());
  const claim = { worker_id: 'w-gone', counter: 0, lease_ms: 60_000, wanted: 1, position: 0 };
  await scripts.claim({ ...claim, cycle: ['registered'] });
  expect(await reap()).toBeUndefined();
  await stage.redis.driver.del(keys.lease(ack.task_id));
  expect(await reap()).toBe(60_000);
  expect(await reap()).toBeLessThanOrEqual(60_000);
});
