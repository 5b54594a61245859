import { Deadline } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import { openStore } from '@switchyard/store';
import { describe, expect } from 'vitest';
import { controlled, delta, ended, untilAborted } from '../test/executors.ts';
import { completed } from '../test/fixtures.ts';
import { turnsTest as test } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import { startTcpProxy } from '../test/tcp-proxy.ts';

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((all, one) => all + one, 0);
const MANY = { userQueueRegistered: 1000, queueFactor: 100 };

async function sendOnEveryLane(stage: Stage, each: number) {
  const turns = stage.createTurns({ ...MANY, userQueueAnonymous: 100, thresholdAnonymous: 1 });
  const acks = [];
  for (let at = 0; at < each; at++)
    for (const [index, userType] of USER_TYPES.entries())
      acks.push(
        (
          await turns.accept(
            stage.request({
              userType,
              user: `u${index}${at}`,
              conversationId: `c-${userType}-${at}`,
              text: userType,
            }),
          )
        ).ack,
      );
  return acks;
}

describe('a slot is reserved before a pop', () => {
  test('a worker never holds more claims than it has slots, whatever its lanes bring', async ({ stage }) => {
    const gates: (() => void)[] = [];
    const seen: number[] = [];
    const { executor } = controlled(async () => {
      const over = Promise.withResolvers<void>();
      gates.push(over.resolve);
      seen.push(sum((await stage.turns.queueStats()).inflight));
      await over.promise;
      return completed('x');
    });
    await stage.startWorker(executor, { slots: 3 });
    const acks = await sendOnEveryLane(stage, 4);
    for (let over = 0; over < acks.length; over++) {
      await expect.poll(() => gates.length - over).toBe(Math.min(3, acks.length - over));
      expect(sum((await stage.turns.queueStats()).inflight)).toBeLessThanOrEqual(3);
      gates[over]?.();
    }
    for (const ack of acks) await expect.poll(() => stage.status(ack.turn_id)).toBe('completed');
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
  });

  test('full lanes are served by their weights, each within one round', async ({ stage }) => {
    await stage.openEpoch();
    await stage.beat();
    await sendOnEveryLane(stage, 20);
    const order: string[] = [];
    await stage.startWorker(
      controlled((turn) => Promise.resolve((order.push(turn.task.lane), completed('x')))).executor,
      { slots: 1 },
    );
    await expect.poll(() => order.length, { timeout: 20_000 }).toBe(80);
    for (const from of [0, 15]) {
      const round = order.slice(from, from + 15);
      expect(USER_TYPES.map((lane) => round.filter((own) => own === lane).length)).toEqual([8, 4, 2, 1]);
    }
  });
});

describe('a drain', () => {
  test('amid arrivals: every message is answered or back on its lane, none is claimed, and the next worker runs the rest', async ({
    stage,
  }) => {
    const ran: string[] = [];
    const quick = controlled((turn) =>
      Promise.resolve((ran.push(turn.task.turnId), completed('x'))),
    ).executor;
    const worker = await stage.startWorker(quick, { blockedPop: 20_000 });
    await stage.beat();
    const turns = stage.createTurns(MANY);
    const sending = Promise.all(
      Array.from({ length: 60 }, (_unused, at) =>
        turns.accept(stage.request({ user: `u${at}`, conversationId: `c${at}` })),
      ),
    );
    await expect.poll(() => ran.length).toBeGreaterThan(0);
    await worker.service.stop(Deadline.in(10_000));
    const accepted = await sending;
    const { ready, inflight, load } = await stage.turns.queueStats();
    expect([sum(inflight), sum(ready)]).toEqual([0, 60 - ran.length]);
    expect(load).toBe(sum(ready));
    await stage.startWorker(quick);
    for (const { ack } of accepted) await expect.poll(() => stage.status(ack.turn_id)).toBe('completed');
    expect(new Set(ran).size).toBe(60);
    expect(ran.length).toBe(60);
  });
});

describe('watchdogs of a bundle', () => {
  test.for([
    ['less than the settings', { idleMs: 60 }, { turnIdle: 600_000 }, 'idle', 0.06],
    ['never more than them', { wallMs: 600_000 }, { turnWall: 80 }, 'wall', 0.08],
  ] as const)('%s', async ([, limits, config, kind, limitSec], { stage }) => {
    await stage.startWorker(
      { prepare: () => Promise.resolve(Object.assign(untilAborted, { limits })) },
      config,
    );
    const { ack } = await stage.turns.accept(stage.request());
    await ended(stage, ack.turn_id).toEqual(['chat_error task_watchdog_timeout']);
    const failed = (await stage.log()).find((line) => line.event === 'chat_error');
    expect(failed?.body.data).toMatchObject({ timeout_kind: kind, limit_sec: limitSec });
  });
});

describe('a worker whose Postgres is away', () => {
  test('starts nothing, gives back what it claimed and counts no attempt; then it runs', async ({
    stage,
    postgres,
  }) => {
    const proxy = await startTcpProxy(postgres.url);
    const store = await openStore({
      url: proxy.url,
      poolSize: 2,
      applicationName: 'away',
      onConnectionError: () => undefined,
    });
    try {
      const ran: number[] = [];
      const { executor } = controlled((turn) =>
        Promise.resolve((ran.push(turn.task.attempts), completed('x'))),
      );
      await stage.startWorker(executor, { lease: 20_000, leaseRenew: 1000 }, { sql: store.sql });
      proxy.cut(true);
      const { ack } = await stage.turns.accept(stage.request());
      await expect.poll(() => stage.redis.driver.hget(stage.keys.task(ack.task_id), 'attempts')).toBe('1');
      await expect.poll(() => stage.redis.driver.hget(stage.keys.task(ack.task_id), 'attempts')).toBe('0');
      expect(await stage.status(ack.turn_id)).toBe('queued');
      expect(await stage.story(ack.turn_id)).not.toContain('chat_start');
      proxy.cut(false);
      await ended(stage, ack.turn_id).toEqual(['chat_complete']);
      expect(ran).toEqual([1]);
    } finally {
      await store.close();
      await proxy.close();
    }
  });

  test('at the end keeps the lease and writes the end again and again until it is there', async ({
    stage,
    postgres,
  }) => {
    const proxy = await startTcpProxy(postgres.url);
    const store = await openStore({
      url: proxy.url,
      poolSize: 2,
      applicationName: 'away',
      onConnectionError: () => undefined,
    });
    try {
      const over = Promise.withResolvers<void>();
      const { executor, started } = controlled(async (turn) => {
        await over.promise;
        await delta(turn, 'said');
        return completed('said');
      });
      await stage.startWorker(executor, { lease: 2000, leaseRenew: 400 }, { sql: store.sql });
      const { ack } = await stage.turns.accept(stage.request());
      await expect.poll(() => started.length).toBe(1);
      proxy.cut(true);
      over.resolve();
      await expect.poll(() => stage.story(ack.turn_id)).toContain('chat_delta');
      // Longer than a lease: it is renewed all the while.
      const until = performance.now() + 3000;
      await expect.poll(() => performance.now()).toBeGreaterThan(until);
      expect(await stage.redis.driver.get(stage.keys.lease(ack.task_id))).toBe(started[0]?.fence);
      expect(await stage.status(ack.turn_id)).toBe('running');
      proxy.cut(false);
      await ended(stage, ack.turn_id).toEqual(['chat_complete']);
      expect(await stage.status(ack.turn_id)).toBe('completed');
    } finally {
      await store.close();
      await proxy.close();
    }
  });
});
