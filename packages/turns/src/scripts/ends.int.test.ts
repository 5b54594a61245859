import { describe, expect } from 'vitest';
import { dump } from '../../test/dump.ts';
import { turnsTest } from '../../test/stage.ts';
import { createScriptStage } from '../../test/script-stage.ts';
import { ScriptResult } from '../script-result.ts';

const { Ok, Repeated, LeaseLost, Missing, Owned } = ScriptResult;

const test = turnsTest.extend<{ s: ReturnType<typeof createScriptStage> }>({
  s: async ({ stage }, use) => {
    await stage.openEpoch();
    await stage.beat();
    await use(createScriptStage(stage));
  },
});

describe('finish', () => {
  test('tells once, forgets everything, and the conversation rests', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.claim();
    await s.start('T1');
    const fence = await s.fenceOf('T1');
    await s.emit('T1', [1, 'chat_delta', '', '{}'], { snapshot_mode: 'set', snapshot_text: 'x' });
    expect(await s.finish('T1')).toEqual({ code: Ok, promotedTaskId: '', droppedTurnIds: [] });
    expect((await stage.story('T1')).slice(-2)).toEqual(['chat_complete', 'idle after success']);
    expect(await stage.redis.driver.hmget(stage.keys.conversation('c1'), 'state', 'turn_id')).toEqual([
      'idle',
      '',
    ]);
    expect(await s.leftovers()).toEqual([]);
    expect((await s.finish('T1', { status: 'failed' }, fence)).code).toBe(Repeated);
    expect(
      (await stage.story('T1')).filter(
        (word) => word.startsWith('chat_complete') || word.startsWith('chat_error'),
      ).length,
    ).toBe(1);
  });

  test('what closes the markers stands right before the end, and only beside the first telling', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1');
    await s.claim();
    await s.start('T1');
    const fence = await s.fenceOf('T1');
    const closings = '{"type":"chat.delta","n":1}\n{"type":"chat.delta","n":2}';
    await s.finish('T1', { status: 'completed' }, fence, [], closings);
    await s.finish('T1', { status: 'completed' }, fence, [], closings);
    await s.finish('T1', { status: 'completed' }, '', [], closings);
    const told = ['chat_delta', 'chat_delta', 'chat_complete', 'idle after success'];
    expect((await stage.story('T1')).slice(-5)).toEqual(['chat_start', ...told]);
    const deltas = (await stage.log()).filter(({ event }) => event === 'chat_delta');
    expect(deltas.map(({ body, streamId, turnId }) => [body, streamId, turnId])).toEqual([
      [{ type: 'chat.delta', n: 1 }, 'stream-1', 'T1'],
      [{ type: 'chat.delta', n: 2 }, 'stream-1', 'T1'],
    ]);
  });

  test('a conversation at rest goes after a week, a busy one never', async ({ stage, s }) => {
    const ttl = () => stage.redis.driver.pttl(stage.keys.conversation('c1'));
    await s.enqueue('T1');
    expect(await ttl()).toBe(-1);
    await s.claim();
    await s.finish('T1');
    expect(await ttl()).toBeGreaterThan(6 * 86_400_000);
    await s.enqueue('T2');
    expect(await ttl()).toBe(-1);
  });

  test('told is told: who finds the row without a task later says nothing again', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.claim();
    await s.finish('T1');
    const before = (await stage.log()).length;
    expect((await s.finish('T1', { status: 'interrupted' }, '')).code).toBe(Ok);
    expect((await stage.log()).length).toBe(before);
  });

  test('one that is fenced off finishes nothing', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.claim();
    const stale = await s.fenceOf('T1');
    await stage.redis.driver.set(stage.keys.lease('task-T1'), 'w.y:1', 'PX', 5000);
    const before = await dump(stage);
    expect((await s.finish('T1', { status: 'completed' }, stale)).code).toBe(LeaseLost);
    expect((await s.finish('T1', { status: 'completed' }, '')).code).toBe(Owned);
    expect(await dump(stage)).toEqual(before);
  });

  test('exactly one followup is promoted, in order, with the completion of the former turn', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.enqueue(turn);
    await s.claim();
    expect(
      (await s.finish('T1', { status: 'failed', error: { error: 'x', error_type: 'bundle_error' } }))
        .promotedTaskId,
    ).toBe('task-T2');
    expect(await stage.redis.driver.lrange(stage.keys.lane('registered'), 0, -1)).toEqual(['task-T2']);
    expect(await stage.redis.driver.lrange(stage.keys.mailbox('c1'), 0, -1)).toEqual(['task-T3']);
    expect(await stage.story('T2')).toEqual(['event.continuation.accepted', 'in_progress after error']);
    expect((await stage.story('T1')).at(-1)).toBe('chat_error bundle_error');
    await s.claim();
    expect((await s.finish('T2')).promotedTaskId).toBe('task-T3');
    await s.claim();
    await s.finish('T3', { status: 'interrupted', error: { error: 'x', error_type: 'turn_interrupted' } });
    expect((await stage.story('T3')).at(-1)).toBe('error after interrupted');
    expect(await s.leftovers()).toEqual([]);
  });

  test('steers are told and dropped with their turn, also those behind a followup', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.enqueue('S1', { kind: 'steer' });
    await s.enqueue('T2');
    await s.enqueue('S2', { kind: 'steer' });
    await s.enqueue('T3');
    await s.enqueue('S3', { kind: 'steer' });
    await s.claim();
    expect(await s.finish('T1')).toEqual({
      code: Ok,
      promotedTaskId: 'task-T2',
      droppedTurnIds: ['S1', 'S2', 'S3'],
    });
    for (const steer of ['S1', 'S2', 'S3'])
      expect((await stage.story(steer)).at(-1)).toBe('active_turn_control_no_active_turn');
    expect(await stage.redis.driver.lrange(stage.keys.mailbox('c1'), 0, -1)).toEqual(['task-T3']);
    await s.enqueue('S4', { kind: 'steer' });
    expect(await stage.redis.driver.lrange(stage.keys.mailbox('c1'), 0, -1)).toEqual(['task-T3', 'task-S4']);
    await s.claim();
    expect((await s.finish('T2')).droppedTurnIds).toEqual(['S4']);
    await s.claim();
    expect((await s.finish('T3')).droppedTurnIds).toEqual([]);
    expect((await stage.log()).at(-1)?.body.data['state']).toBe('idle');
    expect(await s.leftovers()).toEqual([]);
  });

  test('a turn that the conversation does not name moves nothing', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.enqueue('T2');
    await s.claim();
    await stage.redis.driver.hset(stage.keys.conversation('c1'), 'turn_id', 'T0');
    expect((await s.finish('T1')).promotedTaskId).toBe('');
    expect(await stage.redis.driver.llen(stage.keys.mailbox('c1'))).toBe(1);
  });
});

describe('peek, take, cancel', () => {
  test('the running turn sees the first item and takes it once; another fence sees nothing', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.enqueue(turn);
    await s.claim();
    const fence = await s.fenceOf('T1');
    const peek = (over = {}) =>
      stage.scripts.peek({ task_id: 'task-T1', fence, turn_id: 'T1', conversation_id: 'c1', ...over });
    expect((await peek()).item?.taskId).toBe('task-T2');
    expect((await peek({ fence: 'x' })).code).toBe(LeaseLost);
    expect((await peek({ turn_id: 'T9' })).code).toBe(LeaseLost);
    expect(await s.take('T1', 'T3')).toBe(Missing);
    expect(await s.take('T1', 'T2')).toBe(Ok);
    expect(await s.take('T1', 'T2')).toBe(Ok);
    expect((await stage.story('T2')).filter((word) => word === 'event.continuation.consumed').length).toBe(1);
    expect((await peek()).item?.taskId).toBe('task-T3');
    await stage.redis.driver.set(stage.keys.lease('task-T1'), 'w.y:1', 'PX', 5000);
    expect((await peek()).code).toBe(LeaseLost);
  });

  test('cancel: out of the lane with the next promoted, out of the mailbox in place, left alone when claimed', async ({
    stage,
    s,
  }) => {
    for (const turn of ['T1', 'T2', 'T3', 'T4']) await s.enqueue(turn);
    expect(await s.cancel('T3')).toMatchObject({ code: Ok, promotedTaskId: '' });
    expect((await stage.story('T3')).at(-1)).toBe('chat_error cancelled');
    expect(await s.cancel('T1')).toMatchObject({ code: Ok, promotedTaskId: 'task-T2' });
    expect((await stage.story('T2')).at(-1)).toBe('in_progress after cancelled');
    await s.claim();
    expect((await s.cancel('T2')).code).toBe(Repeated);
    expect((await s.cancel('T9')).code).toBe(Missing);
    expect((await stage.scripts.requestCancel({ task_id: 'task-T9' })).code).toBe(Missing);
  });
});
