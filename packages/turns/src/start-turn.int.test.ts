import { systemClock } from '@switchyard/kernel';
import { expect } from 'vitest';
import { silentLog } from '@switchyard/telemetry';
import { turnsTest as test } from '../test/stage.ts';
import { toClaimedTask } from './claimed-task.ts';
import { createCompletion } from './completion.ts';
import type { Held } from './lease-renewal.ts';
import { startTurn } from './start-turn.ts';
import { workerConfigSchema } from './turns-config.ts';

/** A worker that stood still between its look at the lease and its statement, for so long that another runs the turn. */
test('a claim that was lost before its row was asked for leaves the turn to whoever runs it', async ({
  stage,
}) => {
  const { scripts, rows, keys } = stage;
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request());
  const claim = { worker_id: 'w-slow', counter: 0, lease_ms: 60_000, wanted: 1, position: 0 };
  const { tasks } = await scripts.claim({ ...claim, cycle: ['registered'] });
  const [raw] = tasks;
  if (raw === undefined) throw new Error('nothing was claimed');
  await rows.start({ turnId: ack.turn_id, fence: 'w-other:1' });
  let looks = 0;
  const held: Held = {
    task: toClaimedTask(raw, systemClock),
    signal: new AbortController().signal,
    abort: () => undefined,
    lose: () => undefined,
    lost: new Promise(() => undefined),
    isLost: () => (looks += 1) > 1,
  };
  const config = workerConfigSchema.parse({});
  const parts = {
    scripts,
    rows,
    keys,
    config,
    clock: systemClock,
    log: silentLog,
    workerId: 'w-slow',
    onEpoch: () => undefined,
  };
  expect(await startTurn(parts, createCompletion(parts), held)).toBe('over');
  expect(await rows.read(ack.turn_id)).toMatchObject({ status: 'running', fence: 'w-other:1' });
});
