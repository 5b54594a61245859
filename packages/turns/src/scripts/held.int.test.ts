import { describe, expect } from 'vitest';
import { turnsTest } from '../../test/stage.ts';
import { createScriptStage } from '../../test/script-stage.ts';
import { ScriptResult } from '../script-result.ts';

/** At most two turns of the user, each in a conversation of its own. */
const test = turnsTest.extend<{ s: ReturnType<typeof createHeldStage> }>({
  s: async ({ stage }, use) => {
    await stage.openEpoch();
    await stage.beat(100_000);
    await use(createHeldStage(stage));
  },
});

function createHeldStage(stage: Parameters<typeof createScriptStage>[0]) {
  const s = createScriptStage(stage);
  const { redis, keys } = stage;
  const user = (id: string) => ({ user_id: id, user_type: 'registered' as const, roles: [] });
  const list = async (key: string) =>
    (await redis.driver.lrange(key, 0, -1)).map((id) => id.replace('task-', ''));
  return {
    ...s,
    send: (turn: string, over: { conversation?: string; user?: string; limit?: number } = {}) =>
      s.enqueue(
        turn,
        { conversation_id: over.conversation ?? `c-${turn}`, user: user(over.user ?? 'u1') },
        { threshold: 1, user_limit: 100_000, running_limit: over.limit ?? 2 },
      ),
    claimed: async (wanted = 1) =>
      (await s.claim(wanted)).tasks.map((task) => task.taskId.replace('task-', '')),
    /** Each list as it will be taken: the next one first. */
    places: async (id = 'u1') => ({
      lane: (await list(keys.lane('registered'))).toReversed(),
      held: await list(keys.held(id)),
      placed: (await redis.driver.smembers(keys.placed(id)))
        .map((task) => task.replace('task-', ''))
        .toSorted((a, b) => a.localeCompare(b)),
    }),
  };
}

describe('tasks of one user beyond his limit', () => {
  test('are held, in order, and move in one by one as others end; nothing is left in the end', async ({
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3', 'T4']) expect((await s.send(turn)).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T1', 'T2'], held: ['T3', 'T4'], placed: ['T1', 'T2'] });
    expect(await s.claimed(8)).toEqual(['T1', 'T2']);
    expect(await s.claimed(8)).toEqual([]);
    await s.finish('T2');
    expect(await s.places()).toEqual({ lane: ['T3'], held: ['T4'], placed: ['T1', 'T3'] });
    await s.finish('T1');
    expect(await s.places()).toEqual({ lane: ['T3', 'T4'], held: [], placed: ['T3', 'T4'] });
    expect(await s.claimed(8)).toEqual(['T3', 'T4']);
    await s.finish('T3');
    await s.finish('T4');
    expect(await s.leftovers()).toEqual([]);
  });

  test('a held conversation is in progress like one on a lane; its followups wait in its mailbox', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.send(turn);
    expect(await stage.turns.conversationState('c-T3')).toMatchObject({
      state: 'in_progress',
      current_turn_id: 'T3',
    });
    expect((await s.send('T4', { conversation: 'c-T3' })).code).toBe(ScriptResult.Waiting);
    expect((await s.send('T3')).code).toBe(ScriptResult.Repeated);
    expect(await s.places()).toMatchObject({ lane: ['T1', 'T2'], held: ['T3'] });
  });

  test('what waits in a mailbox does not count, nor what is taken from it', async ({ s }) => {
    await s.send('T1', { conversation: 'c1' });
    await s.send('T2', { conversation: 'c1' });
    await s.send('T3', { conversation: 'c1' });
    await s.send('T4');
    expect(await s.places()).toMatchObject({ lane: ['T1', 'T4'], held: [] });
    await s.claimed(1);
    expect(await s.take('T1', 'T2')).toBe(ScriptResult.Ok);
    expect(await s.places()).toMatchObject({ placed: ['T1', 'T4'] });
  });

  test('a promoted followup goes behind what is held: one long mailbox does not starve the other conversations', async ({
    s,
  }) => {
    await s.send('A1');
    await s.send('B1');
    await s.send('A2', { conversation: 'c-A1' });
    await s.send('C1');
    await s.send('D1');
    await s.claimed(8);
    const { promotedTaskId } = await s.finish('A1');
    expect(promotedTaskId).toBe('task-A2');
    expect(await s.places()).toEqual({ lane: ['C1'], held: ['D1', 'A2'], placed: ['B1', 'C1'] });
    await s.finish('B1');
    expect(await s.claimed(8)).toEqual(['C1', 'D1']);
    await s.finish('C1');
    expect(await s.claimed(8)).toEqual(['A2']);
  });

  test('a promoted followup of a user with room goes on its lane at once', async ({ s }) => {
    await s.send('A1');
    await s.send('A2', { conversation: 'c-A1' });
    await s.claimed();
    await s.finish('A1');
    expect(await s.places()).toEqual({ lane: ['A2'], held: [], placed: ['A2'] });
  });

  test('release and the reaper give a task back to its lane without asking the limit: it counted all the while', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.send(turn);
    await s.claimed(8);
    const fence = await s.fenceOf('T1');
    await stage.scripts.release({ task_id: 'task-T1', lane: 'registered', fence });
    expect(await s.places()).toEqual({ lane: ['T1'], held: ['T3'], placed: ['T1', 'T2'] });
    await stage.redis.driver.set(s.keys.lease('task-T2'), 'reaper:r:1');
    expect((await s.requeue('T2', 'reaper:r:1')).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T2', 'T1'], held: ['T3'], placed: ['T1', 'T2'] });
  });

  test('made again from its row: to the head of the lane with room, to the head of what is held without', async ({
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3', 'T4']) await s.send(turn, { limit: 3 });
    expect((await s.requeue('T0', '', 3)).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toMatchObject({ lane: ['T1', 'T2', 'T3'], held: ['T0', 'T4'] });
    await s.claimed(8);
    await s.finish('T1');
    await s.finish('T2');
    expect(await s.places()).toMatchObject({ lane: ['T0', 'T4'], held: [] });
    await s.claimed(8);
    for (const turn of ['T3', 'T0', 'T4']) await s.finish(turn);
    await s.send('T5', { limit: 3 });
    expect((await s.requeue('T9', '', 3)).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T9', 'T5'], held: [], placed: ['T5', 'T9'] });
  });

  test('made again although it still counts: not held because of itself', async ({ s }) => {
    await s.redis.driver.sadd(s.keys.placed('u1'), 'task-T1');
    expect((await s.requeue('T1', '', 1)).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T1'], held: [], placed: ['T1'] });
  });

  test('cancelled while held: told once, out of the list, its followup held in its place, nobody else moved', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3', 'T4']) await s.send(turn);
    await s.send('F3', { conversation: 'c-T3' });
    expect(await s.cancel('T3')).toMatchObject({ code: ScriptResult.Ok, promotedTaskId: 'task-F3' });
    expect((await stage.story('T3')).at(-1)).toBe('chat_error cancelled');
    expect(await s.places()).toEqual({ lane: ['T1', 'T2'], held: ['T4', 'F3'], placed: ['T1', 'T2'] });
    expect((await s.cancel('T3')).code).toBe(ScriptResult.Missing);
  });

  test('cancelled on the lane: the next one moves in; claimed: left to its start', async ({ s }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.send(turn);
    await s.claimed(1);
    expect((await s.cancel('T1')).code).toBe(ScriptResult.Repeated);
    expect((await s.cancel('T2')).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T3'], held: [], placed: ['T1', 'T3'] });
  });

  test('cancelled between a blocking pop and its adopt: nowhere to be found, so it is left to its start', async ({
    s,
  }) => {
    await s.send('T1');
    await s.redis.driver.rpoplpush(s.keys.lane('registered'), s.keys.inflight('registered'));
    expect((await s.cancel('T1')).code).toBe(ScriptResult.Repeated);
  });

  test('a message that was refused or deleted while held ends in silence and frees its place', async ({
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.send(turn);
    await s.claimed(8);
    await s.finish('T1', undefined);
    await s.claimed(8);
    await s.finish('T3', undefined);
    await s.finish('T2');
    expect(await s.leftovers()).toEqual([]);
  });

  test('a later message may have a higher limit: it waits for its turn all the same, then each goes by its own', async ({
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.send(turn);
    await s.send('T4', { limit: 4 });
    expect(await s.places()).toMatchObject({ lane: ['T1', 'T2'], held: ['T3', 'T4'] });
    await s.claimed(8);
    await s.finish('T1');
    expect(await s.places()).toMatchObject({ lane: ['T3', 'T4'], held: [] });
  });

  test('tasks of an older build, which knows no limit: nothing is held up, and what it left is healed', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3', 'T4']) await s.send(turn);
    await s.claimed(8);
    // An older finish forgets the task and fills nothing.
    for (const turn of ['T1', 'T2']) {
      await s.redis.driver.unlink(s.keys.task(`task-${turn}`), s.keys.lease(`task-${turn}`));
      await s.redis.driver.lrem(s.keys.inflight('registered'), 1, `task-${turn}`);
    }
    await s.redis.driver.hdel(s.keys.task('task-T4'), 'running_limit');
    expect(await s.places()).toMatchObject({ lane: [], held: ['T3', 'T4'] });
    expect((await stage.scripts.fillLanes({ users: [s.keys.hash('u1')] })).code).toBe(ScriptResult.Ok);
    expect(await s.places()).toEqual({ lane: ['T3', 'T4'], held: [], placed: ['T3', 'T4'] });
    const before = await s.places();
    await stage.scripts.fillLanes({ users: [s.keys.hash('u1'), s.keys.hash('nobody')] });
    expect(await s.places()).toEqual(before);
  });
});

test('one user with 20,000 submits: another one’s message is claimed after two of his, and his own stay in order', async ({
  s,
}) => {
  const count = 20_000;
  for (let from = 0; from < count; from += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_unused, at) => s.send(`N${from + at}`, { user: 'noisy' })),
    );
  await s.send('Q', { user: 'quiet' });
  const { held, lane } = await s.places('noisy');
  expect([lane, held.length]).toEqual([['N0', 'N1', 'Q'], count - 2]);
  expect(held).toEqual(Array.from({ length: count - 2 }, (_unused, at) => `N${at + 2}`));
  expect(await s.claimed(8)).toEqual(['N0', 'N1', 'Q']);
  for (const at of [0, 1, 2, 3]) {
    await s.finish(`N${at}`);
    expect(await s.claimed(8)).toEqual([`N${at + 2}`]);
  }
}, 240_000);
