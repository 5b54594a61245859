import type { PrivateRedis } from '@switchyard/testkit';
import { describe, expect, vi } from 'vitest';
import { completed } from '../test/fixtures.ts';
import { ended } from '../test/executors.ts';
import { turnsTest } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import type { TurnExecutor, Turns } from './turn-types.ts';

vi.setConfig({ testTimeout: 150_000 });

const test = turnsTest.extend<{ server: PrivateRedis; redisUrl: string | undefined }>({
  server: async ({ redis }, use) => use(await redis.privateServer()),
  redisUrl: async ({ server }, use) => use(server.url),
});

/** Long enough that a busy machine loses no lease of a worker that lives. */
const LEASE = { lease: 3000, leaseRenew: 400 };
const LIMITS = { userRunningRegistered: 2, userQueueRegistered: 1000 };
const names = (count: number, from = 1) => Array.from({ length: count }, (_unused, at) => `m${at + from}`);

/** What ran, by message, and how many at once; a turn is over when the test lets it go. */
function counting() {
  const began: string[] = [];
  const running = new Map<string, PromiseWithResolvers<void>>();
  let most = 0;
  const executor: TurnExecutor = {
    prepare: (task) =>
      Promise.resolve(async (turn) => {
        const over = Promise.withResolvers<void>();
        running.set(task.turnId, over);
        // Lost with its worker.
        turn.signal.addEventListener('abort', () => running.delete(task.turnId));
        began.push(task.payload.message);
        most = Math.max(most, running.size);
        await over.promise;
        running.delete(task.turnId);
        return completed(task.payload.message);
      }),
  };
  return {
    executor,
    began,
    most: () => most,
    running: () => running.size,
    endOne: () => running.values().next().value?.resolve(),
  };
}

/** Each message opens a conversation of its own. */
async function sendAll(stage: Stage, turns: Turns, texts: readonly string[], user = 'u1') {
  const acks = [];
  for (const text of texts)
    acks.push((await turns.accept(stage.request({ text, user, conversationId: `c-${user}-${text}` }))).ack);
  return acks;
}

/** Two that are taken together may begin in either order; nobody overtakes more than his neighbour. */
function expectInOrder(began: readonly string[], sent: readonly string[]): void {
  expect(began.toSorted((a, b) => a.localeCompare(b))).toEqual(sent.toSorted((a, b) => a.localeCompare(b)));
  const places = began.map((text) => sent.indexOf(text));
  expect(places.filter((place, at) => Math.abs(place - at) > 1)).toEqual([]);
}

async function endAll(run: ReturnType<typeof counting>, count: number): Promise<void> {
  for (let at = 1; at <= count; at++) {
    await expect.poll(() => run.running(), { timeout: 30_000 }).toBe(Math.min(2, count - at + 1));
    run.endOne();
  }
  await expect.poll(() => run.running(), { timeout: 30_000 }).toBe(0);
}

describe('a user who may have two turns running, with ten conversations', () => {
  test('never more than two run, all run, in order, though slots are free', async ({ stage }) => {
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 16, ...LEASE });
    const acks = await sendAll(stage, stage.createTurns(LIMITS), names(10));
    await endAll(run, 10);
    expect(run.most()).toBe(2);
    expectInOrder(run.began, names(10));
    for (const ack of acks) await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    const working = new Set(['lane', 'inflight', 'held', 'placed', 'task', 'tasks', 'userTasks', 'mailbox']);
    const left = async () =>
      (await stage.redis.driver.keys(`${stage.keys.prefix}:chat:*`))
        .map((key) => stage.keys.nameOf(key))
        .filter((name) => working.has(name ?? ''));
    await expect.poll(left).toEqual([]);
  });

  test('another user’s messages do not wait for his', async ({ stage }) => {
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 4, ...LEASE });
    const turns = stage.createTurns({ ...LIMITS, queueFactor: 100 });
    await sendAll(stage, turns, names(50));
    await expect.poll(() => run.running()).toBe(2);
    await sendAll(stage, turns, ['x1', 'x2'], 'u2');
    await expect.poll(() => run.began.length, { timeout: 30_000 }).toBe(4);
    expect(new Set(run.began)).toEqual(new Set(['m1', 'm2', 'x1', 'x2']));
  });

  test('with followups in every conversation: two at once, and each conversation in its order', async ({
    stage,
  }) => {
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 16, ...LEASE });
    const turns = stage.createTurns({ ...LIMITS, queueFactor: 100 });
    const sent = [1, 2, 3].flatMap((round) => ['a', 'b', 'c', 'd'].map((name) => `${name}${round}`));
    for (const text of sent)
      await turns.accept(stage.request({ text, conversationId: `c-${text.slice(0, 1)}` }));
    await endAll(run, 12);
    expect(run.most()).toBe(2);
    expect(run.began.toSorted((a, b) => a.localeCompare(b))).toEqual(
      sent.toSorted((a, b) => a.localeCompare(b)),
    );
    for (const name of ['a', 'b', 'c', 'd'])
      expect(run.began.filter((text) => text.startsWith(name))).toEqual([`${name}1`, `${name}2`, `${name}3`]);
  });

  test('the worker killed in between: what ran is told, what was held runs, two at once, in order', async ({
    stage,
  }) => {
    const first = counting();
    const killed = await stage.startWorker(first.executor, { ...LIMITS, slots: 16, ...LEASE });
    const acks = await sendAll(stage, stage.createTurns(LIMITS), names(10));
    await expect.poll(() => first.began.length).toBe(2);
    killed.kill();
    const second = counting();
    await stage.startWorker(second.executor, { ...LIMITS, slots: 16, ...LEASE });
    await endAll(second, 8);
    expect(second.most()).toBe(2);
    expectInOrder(second.began, names(8, 3));
    for (const [at, ack] of acks.entries())
      await ended(stage, ack.turn_id).toEqual([at < 2 ? 'chat_error turn_interrupted' : 'chat_complete']);
  });

  test('Redis flushed in between: the rebuild holds them again, in the order of their rows', async ({
    stage,
  }) => {
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 16, ...LEASE });
    const acks = await sendAll(stage, stage.createTurns(LIMITS), names(10));
    await expect.poll(() => run.began.length).toBe(2);
    await stage.redis.driver.flushall();
    await expect.poll(() => run.began.length, { timeout: 30_000 }).toBe(4);
    expect(await stage.redis.driver.llen(stage.keys.held('u1'))).toBe(6);
    await endAll(run, 8);
    expect(run.most()).toBe(2);
    expectInOrder(run.began, names(10));
    for (const [at, ack] of acks.entries())
      await ended(stage, ack.turn_id).toEqual([at < 2 ? 'chat_error turn_interrupted' : 'chat_complete']);
  });

  test('Redis killed and back with its file: what was on the lane then counts once', async ({
    stage,
    server,
  }) => {
    await stage.openEpoch();
    await stage.beat();
    const acks = await sendAll(stage, stage.createTurns(LIMITS), names(6));
    await server.kill();
    await server.start();
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 16, ...LEASE });
    await endAll(run, 6);
    expectInOrder(run.began, names(6));
    for (const ack of acks) await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  });

  test('cancelled while held, and deleted while held: neither runs, the others do', async ({ stage }) => {
    const run = counting();
    await stage.startWorker(run.executor, { ...LIMITS, slots: 16, ...LEASE });
    const turns = stage.createTurns(LIMITS);
    const acks = await sendAll(stage, turns, names(5));
    await expect.poll(() => run.began.length).toBe(2);
    expect(await turns.cancel({ conversationId: 'c-u1-m3', userId: 'u1' })).toEqual({ status: 'cancelled' });
    await stage.sql.query({ text: 'delete from turn where turn_id = $1', values: [acks[3]?.turn_id] });
    await endAll(run, 3);
    expectInOrder(run.began, ['m1', 'm2', 'm5']);
    expect(await stage.story(acks[2]?.turn_id ?? '')).toContain('chat_error cancelled');
    expect((await stage.story(acks[3]?.turn_id ?? '')).filter((word) => word.startsWith('chat_'))).toEqual(
      [],
    );
  });
});
