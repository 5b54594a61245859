import { systemClock } from '@switchyard/kernel';
import { expect } from 'vitest';
import { silentLog } from '@switchyard/telemetry';
import { turnsTest as test } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import { toClaimedTask } from './claimed-task.ts';
import { createCompletion } from './completion.ts';
import type { Held } from './lease-renewal.ts';
import { startTurn } from './start-turn.ts';
import type { TurnRows } from './turn-rows.ts';
import { workerConfigSchema } from './turns-config.ts';

/** A message that `w-slow` has claimed, and what it starts it with. */
async function claimOne(stage: Stage) {
  const { scripts, rows, keys } = stage;
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request());
  const claim = { worker_id: 'w-slow', counter: 0, lease_ms: 60_000, wanted: 1, position: 0 };
  const { tasks } = await scripts.claim({ ...claim, cycle: ['registered'] });
  const [raw] = tasks;
  if (raw === undefined) throw new Error('nothing was claimed');
  const held: Held = {
    task: toClaimedTask(raw, systemClock),
    signal: new AbortController().signal,
    abort: () => undefined,
    lose: () => undefined,
    lost: new Promise(() => undefined),
    isLost: () => false,
  };
  const config = workerConfigSchema.parse({});
  const shared = { clock: systemClock, log: silentLog, workerId: 'w-slow', onEpoch: () => undefined };
  return { ack, held, parts: { scripts, rows, keys, config, ...shared } };
}

/** A worker that stood still between its look at the lease and its statement, for so long that another runs the turn. */
test('a claim that was lost before its row was asked for leaves the turn to whoever runs it', async ({
  stage,
}) => {
  const { ack, held, parts } = await claimOne(stage);
  await stage.rows.start({ turnId: ack.turn_id, fence: 'w-other:1' });
  let looks = 0;
  const lost: Held = { ...held, isLost: () => (looks += 1) > 1 };
  expect(await startTurn(parts, createCompletion(parts), lost)).toBe('over');
  expect(await stage.rows.read(ack.turn_id)).toMatchObject({ status: 'running', fence: 'w-other:1' });
});

/** The statement that ends the row meets the one that deletes it: it changes nothing and reads the row as it stood before. */
test('a turn that is refused its start while its conversation is being deleted is forgotten at once', async ({
  stage,
}) => {
  const { ack, held, parts } = await claimOne(stage);
  await stage.scripts.requestCancel({ task_id: ack.task_id });
  const [isDeleted, mayCommit] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const remove = () =>
    stage.sql.tx(async (tx) => {
      await tx.query({ text: 'delete from turn where turn_id = $1', values: [ack.turn_id] });
      isDeleted.resolve();
      await mayCommit.promise;
    });
  let removed: Promise<void> | undefined;
  const rows: TurnRows = {
    ...parts.rows,
    async end(end) {
      if (removed !== undefined) return parts.rows.end(end);
      removed = remove();
      await isDeleted.promise;
      const ended = parts.rows.end(end);
      const text = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await expect.poll(() => stage.sql.query({ text }), { timeout: 20_000 }).toHaveLength(1);
      mayCommit.resolve();
      return ended;
    },
  };
  expect(await startTurn({ ...parts, rows }, createCompletion(parts), held)).toBe('over');
  await removed;
  const { keys, redis } = stage;
  const left = [keys.task(ack.task_id), keys.lease(ack.task_id), keys.inflight('registered')];
  expect(await redis.driver.exists(...left)).toBe(0);
});
