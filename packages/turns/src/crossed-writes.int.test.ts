import { expect } from 'vitest';
import { controlled, untilAborted } from '../test/executors.ts';
import { turnsTest as test } from '../test/stage.ts';

test('a write that met another transaction crosswise is made again, and its turn does not hear of it', async ({
  stage,
}) => {
  const { executor, started } = controlled(untilAborted);
  await stage.startWorker(executor, { lease: 10_000 });
  const { ack } = await stage.turns.accept(stage.request());
  await expect.poll(() => started.length).toBe(1);
  const item = await stage.turns.accept(stage.request({ text: 'next' }));
  const lock = (turnId: string) => ({
    text: 'select 1 from turn where turn_id = $1 for update',
    values: [turnId],
  });
  const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'`;
  const { folding } = await stage.sql.tx(async (inner) => {
    // Of the two that wait for each other it is the fold that Postgres gives up.
    await inner.query({ text: `set local deadlock_timeout = '1min'` });
    await inner.query(lock(item.ack.turn_id));
    const asked = stage.rows.fold(item.ack.turn_id, {
      turnId: ack.turn_id,
      fence: started[0]?.fence ?? '',
    });
    await expect.poll(async () => (await stage.sql.query({ text: waiting })).length).toBeGreaterThan(0);
    await inner.query(lock(ack.turn_id));
    return { folding: asked };
  });
  expect(await folding).toMatchObject({ status: 'folded', is_changed: true });
});
