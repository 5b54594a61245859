import { rm } from 'node:fs/promises';
import type { PrivateRedis } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { controlled, delta, ended } from '../test/executors.ts';
import { completed } from '../test/fixtures.ts';
import { echo, turnsTest } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import { startTcpProxy } from '../test/tcp-proxy.ts';

const test = turnsTest.extend<{ server: PrivateRedis; redisUrl: string | undefined }>({
  server: async ({ redis }, use) => use(await redis.privateServer()),
  redisUrl: async ({ server }, use) => use(server.url),
});

const rowCount = async ({ sql }: Stage) =>
  (await sql.query<{ count: number }>({ text: 'select count(*)::int as count from turn' }))[0]?.count;
const fullRefusal = {
  code: 'UNAVAILABLE',
  retryAfterSec: 5,
  details: { reason: 'store_full' },
};

describe('a Redis that takes no writes', () => {
  test('out of memory: new messages are refused and leave nothing, what runs speaks and ends, what waits runs later', async ({
    stage,
  }) => {
    const go = Promise.withResolvers<void>();
    const { executor, started } = controlled(async (turn) => {
      if (turn.task.payload.message === 'long') {
        await go.promise;
        await delta(turn, 'said while memory was full');
      }
      return completed('done');
    });
    await stage.startWorker(executor, { slots: 1, lease: 5000, leaseRenew: 500 });
    const long = await stage.turns.accept(stage.request({ text: 'long' }));
    await expect.poll(() => started.length).toBe(1);
    const waiting = await stage.turns.accept(stage.request({ conversationId: 'c2' }));
    await stage.redis.driver.config('SET', 'maxmemory', '1');
    const refused = stage.request({ conversationId: 'c3', messageId: 'm3' });
    await expect(stage.turns.accept(refused)).rejects.toMatchObject(fullRefusal);
    expect(await rowCount(stage)).toBe(2);
    go.resolve();
    await ended(stage, long.ack.turn_id).toEqual(['chat_complete']);
    expect(await stage.story(long.ack.turn_id)).toContain('chat_delta');
    expect(await stage.status(waiting.ack.turn_id)).toBe('queued');
    await stage.redis.driver.config('SET', 'maxmemory', '0');
    await ended(stage, waiting.ack.turn_id).toEqual(['chat_complete']);
    const again = await stage.turns.accept(refused);
    expect(again.isRepeat).toBe(false);
    await ended(stage, again.ack.turn_id).toEqual(['chat_complete']);
  });

  test('a disk that takes no snapshot (MISCONF): the same refusal; what runs keeps trying and ends when it is over', async ({
    stage,
  }) => {
    const go = Promise.withResolvers<void>();
    const { executor, started } = controlled(async () => (await go.promise, completed('done')));
    await stage.startWorker(executor, { lease: 60_000, leaseRenew: 500 });
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const { driver } = stage.redis;
    const [, dir = ''] = await driver.config('GET', 'dir');
    await driver.config('SET', 'save', '3600 100000');
    await driver.config('SET', 'stop-writes-on-bgsave-error', 'yes');
    await rm(dir, { recursive: true });
    await driver.bgsave();
    await expect.poll(() => driver.info('persistence')).toContain('rdb_last_bgsave_status:err');
    await expect(stage.turns.accept(stage.request({ conversationId: 'c2' }))).rejects.toMatchObject(
      fullRefusal,
    );
    expect(await rowCount(stage)).toBe(1);
    go.resolve();
    await expect.poll(() => stage.status(ack.turn_id)).toBe('completed');
    expect(await stage.story(ack.turn_id)).not.toContain('chat_complete');
    await driver.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  });
});

describe('a claim loop that hears nothing', () => {
  const QUIET = { pollSilence: 3000, slots: 2 };

  test('connections that went dead without a sound are made anew, and what waits runs', async ({
    stage,
    server,
  }) => {
    const proxy = await startTcpProxy(server.url);
    try {
      const worker = await stage.startWorker(echo, QUIET, { claimUrl: proxy.url });
      await expect.poll(() => worker.service.health().ok).toBe(true);
      const before = proxy.count();
      proxy.freeze();
      const { ack } = await stage.turns.accept(stage.request());
      await ended(stage, ack.turn_id).toEqual(['chat_complete']);
      expect(proxy.count()).toBeGreaterThan(before);
      await expect.poll(() => worker.service.health().ok).toBe(true);
    } finally {
      await proxy.close();
    }
  });

  test('while none can be made it is not ready, also when every slot is reserved for a pop; then it is again', async ({
    stage,
    server,
  }) => {
    const proxy = await startTcpProxy(server.url);
    try {
      const worker = await stage.startWorker(echo, QUIET, { claimUrl: proxy.url });
      await expect.poll(() => worker.service.health().ok).toBe(true);
      proxy.freezeNew(true);
      proxy.freeze();
      await expect.poll(() => worker.service.health().ok, { timeout: 15_000 }).toBe(false);
      expect(Number(worker.service.health().detail?.['silent_ms'])).toBeGreaterThanOrEqual(QUIET.pollSilence);
      // Those that were opened meanwhile are dead as well: they are given up and made once more.
      proxy.freezeNew(false);
      await expect.poll(() => worker.service.health().ok, { timeout: 20_000 }).toBe(true);
      const { ack } = await stage.turns.accept(stage.request());
      await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    } finally {
      await proxy.close();
    }
  });

  test('a worker whose slots are all at work asks nobody, and is ready', async ({ stage }) => {
    const over = Promise.withResolvers<void>();
    const { executor, started } = controlled(async () => (await over.promise, completed('x')));
    const worker = await stage.startWorker(executor, { slots: 1, pollSilence: 300 });
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    await expect.poll(() => Number(worker.service.health().detail?.['silent_ms'])).toBeGreaterThan(1000);
    expect(worker.service.health().ok).toBe(true);
    over.resolve();
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  });
});
