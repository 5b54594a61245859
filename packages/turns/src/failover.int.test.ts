import { createGroupTest } from '@switchyard/testkit';
import type { RedisGroup } from '@switchyard/testkit';
import { PlatformError, sleep } from '@switchyard/kernel';
import { describe, expect } from 'vitest';
import { controlled, untilAborted } from '../test/executors.ts';
import { completed } from '../test/fixtures.ts';
import { stageFixture } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import type { AcceptRequest, AcceptResult, Turns } from './turn-types.ts';

const tests = (kind: RedisGroup['kind']) =>
  createGroupTest(kind)
    .extend<{ redisUrl: string | undefined }>({ redisUrl: async ({ group }, use) => use(group.url) })
    .extend<{ stage: Stage }>(stageFixture);
const TESTS = { cluster: tests('cluster'), sentinel: tests('sentinel') };
/** Failover, the time until it is noticed, a lease, the rebuild, and a machine that is busy. */
const RECOVERS = { timeout: 40_000 };

const ends = async (stage: Stage, turnId: string) =>
  (await stage.story(turnId)).filter((word) => /^(chat_complete|chat_error)/.test(word));

/** As a client does: the same message again until it is acknowledged. */
async function submit(turns: Turns, request: AcceptRequest): Promise<AcceptResult> {
  for (;;) {
    try {
      return await turns.accept(request);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.status !== 503) throw error;
      await sleep(100);
    }
  }
}

describe.for(['cluster', 'sentinel'] as const)('%s', { timeout: 90_000 }, (kind) => {
  const test = TESTS[kind];

  test('the master dies with turns running, queued and in the mailbox: each acknowledged message has one end', async ({
    stage,
    group,
  }) => {
    const { executor, started } = controlled((turn) =>
      turn.task.payload.message === 'hold'
        ? untilAborted(turn)
        : Promise.resolve(completed(turn.task.payload.message)),
    );
    await stage.startWorker(executor, { slots: 1 });
    const turns = stage.createTurns({ queueFactor: 20 });
    const send = (text: string, conversationId: string) =>
      submit(turns, stage.request({ text, conversationId, messageId: `${conversationId}-${text}` }));
    const held = await send('hold', 'c0');
    await expect.poll(() => started.length).toBe(1);
    const waiting = [await send('1', 'c0'), await send('2', 'c0')];
    const queued = [await send('1', 'c1'), await send('1', 'c2')];
    const epoch = await stage.redis.driver.hget(stage.keys.epoch(), 'n');
    const former = await group.masterOf(stage.keys.prefix);
    await former.kill();
    // New messages come all the while: they wait or are refused, and the retry meets its own row.
    const during = await Promise.all(['1', '2', '3'].map((n) => send(n, `d${n}`)));
    for (const { ack } of [...waiting, ...queued, ...during])
      await expect.poll(() => ends(stage, ack.turn_id), RECOVERS).toEqual(['chat_complete']);
    expect(await ends(stage, held.ack.turn_id)).toEqual(['chat_error turn_interrupted']);
    expect(await stage.status(held.ack.turn_id)).toBe('interrupted');
    // Each ran once, and those of one conversation in order.
    const ran = started.map(({ task }) => task.turnId);
    expect(new Set(ran).size).toBe(ran.length);
    expect(ran.length).toBe(1 + waiting.length + queued.length + during.length);
    const order = ran.filter((id) => waiting.some(({ ack }) => ack.turn_id === id));
    expect(order).toEqual(waiting.map(({ ack }) => ack.turn_id));
    const next = await group.masterOf(stage.keys.prefix);
    expect(next).not.toBe(former);
    expect(await stage.redis.driver.hget(stage.keys.epoch(), 'run_id')).toBe(await next.info('run_id'));
    expect(Number(await stage.redis.driver.hget(stage.keys.epoch(), 'n'))).toBeGreaterThan(Number(epoch));
    // A pop blocks at the new master: what comes now is picked up at once.
    const after = await send('after', 'c9');
    await expect.poll(() => ends(stage, after.ack.turn_id), RECOVERS).toEqual(['chat_complete']);
    const stats = await stage.turns.queueStats();
    expect([stats.ready.registered, stats.inflight.registered]).toEqual([0, 0]);
  });

  test('an orderly failover: nothing is lost, workers go on at the new master', async ({ stage, group }) => {
    const { executor, started } = controlled((turn) => Promise.resolve(completed(turn.task.payload.message)));
    await stage.startWorker(executor);
    const send = (n: number) =>
      submit(
        stage.turns,
        stage.request({
          text: String(n),
          conversationId: `c${n % 3}`,
          messageId: `m${n}`,
          user: `u${n % 3}`,
        }),
      );
    const first = await Promise.all(Array.from({ length: 10 }, (_each, n) => send(n)));
    const failover = group.promote(stage.keys.prefix);
    const second = await Promise.all(Array.from({ length: 10 }, (_each, n) => send(10 + n)));
    await failover;
    const turnIds = [...first, ...second].map(({ ack }) => ack.turn_id);
    for (const id of turnIds)
      await expect
        .poll(async () => (await stage.rows.read(id))?.status, RECOVERS)
        .toMatch(/^(completed|interrupted)$/);
    // At most once: one that was running when its Redis was replaced is told as interrupted.
    const ran = started.map(({ task }) => task.turnId);
    expect(new Set(ran).size).toBe(ran.length);
    const endsOf = async () => {
      const logs = (await Promise.all(['s0', 's1', 's2'].map((session) => stage.log(session)))).flat();
      const told = logs.filter(({ event }) => /^chat_(complete|error)$/.test(event));
      return turnIds.map((id) => told.filter(({ turnId }) => turnId === id).length);
    };
    // The row comes before the event.
    await expect.poll(endsOf, RECOVERS).toEqual(turnIds.map(() => 1));
  });
});
