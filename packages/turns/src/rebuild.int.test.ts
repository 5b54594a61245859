import type { PrivateRedis } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { completed } from '../test/fixtures.ts';
import { echo, turnsTest } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import type { RunningTurn, TurnExecutor } from './turn-types.ts';

const test = turnsTest.extend<{ server: PrivateRedis; redisUrl: string | undefined }>({
  server: async ({ redis }, use) => use(await redis.privateServer()),
  redisUrl: async ({ server }, use) => use(server.url),
});

const terminal = (stage: Stage, turnId: string) =>
  expect.poll(
    async () => (await stage.story(turnId)).filter((word) => /^(chat_complete|chat_error)/.test(word)),
    { timeout: 10_000 },
  );

/** Runs forever what says `hold`; everything else is answered at once. */
function holding() {
  const started: RunningTurn[] = [];
  /** Turns that began while an earlier one of their conversation had not been given up. */
  const overlaps: string[] = [];
  const executor: TurnExecutor = {
    prepare: (task) =>
      Promise.resolve((turn) => {
        const earlier = started.filter((other) => other.task.conversationId === task.conversationId);
        if (earlier.some((other) => other.task.payload.message === 'hold' && !other.signal.aborted))
          overlaps.push(task.turnId);
        started.push(turn);
        return task.payload.message === 'hold'
          ? new Promise(() => undefined)
          : Promise.resolve(completed(task.payload.message));
      }),
  };
  return { executor, started, overlaps };
}

describe('a Redis that is not the one we knew', () => {
  test('an empty one on the first start: data in order before the worker claims', async ({ stage }) => {
    await expect(stage.createTurns({ storeWait: 50 }).accept(stage.request())).rejects.toMatchObject({
      errorType: 'unavailable',
    });
    await stage.startWorker(echo);
    const { ack } = await stage.turns.accept(stage.request());
    await terminal(stage, ack.turn_id).toEqual(['chat_complete']);
    expect(Number(ack.last_log_id.split('-')[0])).toBeGreaterThan(1_700_000_000);
  });

  test('flushed: queued messages run in order, the running one is told as interrupted, ended ones are not told again', async ({
    stage,
  }) => {
    const { executor, started, overlaps } = holding();
    await stage.startWorker(executor, { lease: 1500, leaseRenew: 700 });
    const before = await stage.turns.accept(stage.request({ conversationId: 'c0', text: 'before' }));
    await terminal(stage, before.ack.turn_id).toEqual(['chat_complete']);
    const held = await stage.turns.accept(stage.request({ text: 'hold' }));
    await expect.poll(() => started.length).toBe(2);
    const first = await stage.turns.accept(stage.request({ text: '1' }));
    const steer = await stage.turns.accept(stage.request({ text: 'left', kind: 'steer' }));
    const second = await stage.turns.accept(stage.request({ text: '2', messageId: 'second' }));
    // As if it had ended long ago: surely told.
    await stage.sql.query({
      text: `update turn set ended_at = now() - interval '1 minute' where turn_id = $1`,
      values: [before.ack.turn_id],
    });
    const epoch = Number(await stage.redis.driver.hget(stage.keys.epoch(), 'n'));
    await stage.redis.driver.flushall();
    await terminal(stage, held.ack.turn_id).toEqual(['chat_error turn_interrupted']);
    await terminal(stage, second.ack.turn_id).toEqual(['chat_complete']);
    await terminal(stage, first.ack.turn_id).toEqual(['chat_complete']);
    expect(started.map((turn) => turn.task.payload.message)).toEqual(['before', 'hold', '1', '2']);
    expect(await stage.status(held.ack.turn_id)).toBe('interrupted');
    expect(await stage.status(steer.ack.turn_id)).toBe('cancelled');
    expect(await stage.story(before.ack.turn_id)).toEqual([]);
    expect(overlaps).toEqual([]);
    const log = await stage.log();
    expect(Number(log[0]?.id.split('-')[0])).toBeGreaterThan(epoch);
    expect(await stage.turns.conversationState('c1')).toMatchObject({ state: 'idle' });
    // A retry whose ack Redis has forgotten meets its row.
    const again = await stage.turns.accept(stage.request({ text: '2', messageId: 'second' }));
    expect(again).toMatchObject({ isRepeat: true, ack: { turn_id: second.ack.turn_id } });
  });

  test('killed and back with its append-only file, worker and all: nothing is lost, nothing runs twice', async ({
    stage,
    server,
  }) => {
    const { executor, started } = holding();
    const worker = await stage.startWorker(executor);
    const held = await stage.turns.accept(stage.request({ text: 'hold' }));
    await expect.poll(() => started.length).toBe(1);
    const next = await stage.turns.accept(stage.request({ text: 'next' }));
    const other = await stage.turns.accept(stage.request({ text: 'hold', conversationId: 'c2' }));
    await expect.poll(() => started.length).toBe(2);
    worker.kill();
    await server.kill();
    await server.start();
    const ran = holding();
    await stage.startWorker(ran.executor);
    for (const { ack } of [held, other])
      await terminal(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    await terminal(stage, next.ack.turn_id).toEqual(['chat_complete']);
    expect(ran.started.map((turn) => turn.task.turnId)).toEqual([next.ack.turn_id]);
  });

  test('restarted under living workers: they give up what they hold and go on with the rest', async ({
    stage,
    server,
  }) => {
    const { executor, started } = holding();
    await stage.startWorker(executor);
    await stage.startWorker(executor);
    const held = await stage.turns.accept(stage.request({ text: 'hold' }));
    await expect.poll(() => started.length).toBe(1);
    const next = await stage.turns.accept(stage.request({ text: 'next' }));
    await server.stop();
    await server.start();
    await terminal(stage, held.ack.turn_id).toEqual(['chat_error turn_interrupted']);
    await terminal(stage, next.ack.turn_id).toEqual(['chat_complete']);
    expect(started.map((turn) => turn.task.payload.message)).toEqual(['hold', 'next']);
    expect(started[0]?.signal.aborted).toBe(true);
    const after = await stage.turns.accept(stage.request({ conversationId: 'c3' }));
    await terminal(stage, after.ack.turn_id).toEqual(['chat_complete']);
  });

  test('an orderly restart of everything, nothing under way: ready without waiting a lease', async ({
    stage,
    server,
  }) => {
    const first = await stage.startWorker(echo);
    const { ack } = await stage.turns.accept(stage.request());
    await terminal(stage, ack.turn_id).toEqual(['chat_complete']);
    await first.service.stop({ remainingMs: () => 2000 } as Parameters<typeof first.service.stop>[0]);
    await server.stop();
    await server.start();
    const startedAt = performance.now();
    await stage.startWorker(echo, { lease: 20_000 });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect((await stage.story(ack.turn_id)).filter((word) => word === 'chat_complete').length).toBe(1);
    const next = await stage.turns.accept(stage.request());
    await terminal(stage, next.ack.turn_id).toEqual(['chat_complete']);
  });
});
