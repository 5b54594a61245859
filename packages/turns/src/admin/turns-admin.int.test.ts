import { formatTimestamp } from '@switchyard/protocol';
import { expect } from 'vitest';
import { controlled, untilAborted } from '../../test/executors.ts';
import { completed } from '../../test/fixtures.ts';
import { fillQueue } from '../../test/fill-queue.ts';
import { clock, echo, ids, turnsTest } from '../../test/stage.ts';
import type { Stage } from '../../test/stage.ts';
import { createTurnsAdmin } from './create-turns-admin.ts';
import type { TurnsAdmin } from './create-turns-admin.ts';
import { turnsConfigSchema } from '../turns-config.ts';

const test = turnsTest.extend<{ admin: TurnsAdmin; scope: { tenant: string; project: string } }>({
  scope: async ({ redis }, use) => use({ tenant: redis.tenant, project: redis.project }),
  admin: async ({ stage, scope }, use) => use(adminOf(stage, scope)),
});
const onOwnRedis = test.extend<{ redisUrl: string | undefined }>({
  redisUrl: async ({ redis }, use) => use((await redis.privateServer()).url),
});

function adminOf(
  { redis, sql, keys }: Pick<Stage, 'redis' | 'sql' | 'keys'>,
  scope: { tenant: string; project: string },
): TurnsAdmin {
  const config = { ...turnsConfigSchema.parse({}), queueFactor: 3, oldestWaitLimit: 30_000 };
  return createTurnsAdmin({ redis, sql, keys, scope, config, clock, ids });
}

/** Calls of each command that the server has run, those of scripts included. */
async function commandCalls({ redis }: Stage): Promise<Map<string, number>> {
  const text = await redis.driver.info('commandstats');
  return new Map(
    [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [
      name ?? '',
      Number(calls),
    ]),
  );
}

onOwnRedis(
  'with 100,000 queued and 10,000 inflight every read runs as many commands as with nothing',
  { timeout: 120_000 },
  async ({ stage, admin }) => {
    await stage.openEpoch();
    await stage.beat();
    await fillQueue(stage, 'lane', 'registered', 200);
    await fillQueue(stage, 'inflight', 'registered', 200);
    await fillQueue(stage, 'lane', 'paid', 1);
    const reads = async () => {
      await admin.lanes();
      await admin.workers();
      const first = await admin.inflight({ limit: 50 });
      expect(first.items).toHaveLength(50);
      await admin.inflight({ limit: 50, cursor: first.next_cursor ?? '' });
      await admin.task('task-lane-registered-0');
      await admin.task('task-inflight-registered-0');
      await admin.deadLetters({ limit: 50 });
    };
    const measure = async () => {
      const before = await commandCalls(stage);
      await reads();
      const after = await commandCalls(stage);
      return [...after]
        .map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const)
        .filter(([name, calls]) => calls > 0 && !['info', 'evalsha', 'eval', 'config'].includes(name));
    };
    await reads();
    const few = await measure();
    await fillQueue(stage, 'lane', 'paid', 100_000);
    await fillQueue(stage, 'inflight', 'paid', 10_000);
    const many = await measure();
    expect(Object.fromEntries(many)).toEqual(Object.fromEntries(few));
    expect(Object.keys(Object.fromEntries(many))).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(keys|scan|sscan|smembers|hgetall)$/)]),
    );
    const lanes = await admin.lanes();
    expect(lanes.lanes.map(({ ready, inflight }) => [ready, inflight])).toContainEqual([100_001, 10_000]);
    expect(lanes.load).toBe(110_400);
  },
);

test('claims are shown oldest first, page after page, each once', async ({ stage, admin }) => {
  await fillQueue(stage, 'inflight', 'paid', 70);
  await fillQueue(stage, 'inflight', 'anonymous', 30);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await admin.inflight({ limit: 40, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map((item) => item.task_id));
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen).toHaveLength(100);
  expect(new Set(seen).size).toBe(100);
  const paid = seen.filter((id) => id.includes('paid'));
  expect(paid).toEqual(Array.from({ length: 70 }, (_, index) => `task-inflight-paid-${index}`));
  const alone = await admin.inflight({ lane: 'anonymous', limit: 200 });
  expect(alone.items.map((item) => item.lane)).toEqual(Array.from({ length: 30 }, () => 'anonymous'));
});

test('a lane waits since its next task entered it, also when that waited in a mailbox before', async ({
  stage,
  admin,
}) => {
  await stage.openEpoch();
  await stage.beat();
  const first = await stage.turns.accept(stage.request());
  await stage.turns.accept(stage.request({ conversationId: 'c2', messageId: 'm2' }));
  const { redis, keys } = stage;
  const before = formatTimestamp(clock.now() - 40_000);
  await redis.driver.hset(keys.conversation(first.ack.conversation_id), 'updated_at', before);
  const lanes = await admin.lanes();
  const lane = lanes.lanes.find((item) => item.lane === 'registered');
  expect(lane).toMatchObject({ ready: 2, inflight: 0, next_task_id: first.ack.task_id, is_late: true });
  expect(lane?.oldest_wait_seconds).toBeGreaterThanOrEqual(40);
  expect(lane?.oldest_wait_seconds).toBeLessThan(70);
  expect(lanes).toMatchObject({ load: 2, capacity: 64, workers: 1, oldest_wait_limit_seconds: 30 });
  expect(lanes.lanes.filter((item) => item.ready === 0).map((item) => item.oldest_wait_seconds)).toEqual([
    null,
    null,
    null,
  ]);
});

test('the life of a message, from lane over lease to its end, by turn and by task', async ({
  stage,
  admin,
}) => {
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request({ messageId: 'm1' }));
  const waiting = await stage.turns.accept(stage.request({ messageId: 'm2', text: 'two' }));
  expect(await admin.turn(ack.turn_id)).toMatchObject({
    turn: { turn_id: ack.turn_id, task_id: ack.task_id, user_id: 'u1', status: 'queued', retry_of: null },
    task: { lane: 'registered', kind: 'message', attempts: 0 },
    lease: null,
    started: null,
    told: null,
    conversation: { state: 'in_progress', turn_id: ack.turn_id },
    place: 'lane',
    position: 0,
  });
  expect(await admin.task(waiting.ack.task_id)).toMatchObject({ place: 'mailbox', position: 0 });
  const { executor, started } = controlled(untilAborted);
  await stage.startWorker(executor);
  await expect.poll(() => started.length).toBe(1);
  const running = await admin.task(ack.task_id);
  expect(running).toMatchObject({
    turn: { status: 'running', attempt: 1 },
    place: 'lease',
    position: null,
    started: { fence: started[0]?.fence },
    lease: { fence: started[0]?.fence, worker_id: started[0]?.fence.replace(/:\d+$/, '') },
  });
  expect(running?.events.items.map((item) => item.event)).toContain('chat_start');
  const [claim] = (await admin.inflight({ limit: 10 })).items;
  expect(claim).toMatchObject({
    task_id: ack.task_id,
    turn_id: ack.turn_id,
    user_id: 'u1',
    worker_id: running?.lease?.worker_id,
    attempts: 1,
    is_started: true,
  });
  expect(claim?.running_seconds).toBeGreaterThanOrEqual(0);
  await stage.turns.cancel({ conversationId: ack.conversation_id, userId: 'u1', queued: true });
  await expect.poll(async () => (await admin.task(ack.task_id))?.place).toBe('over');
  const over = await admin.task(ack.task_id);
  expect(over).toMatchObject({ turn: { status: 'cancelled' }, task: null, lease: null, told: 'chat_error' });
  expect(over?.events.is_complete).toBe(true);
  const log = await stage.log();
  expect(over?.events.items.map((item) => item.log_id)).toEqual(
    log
      .filter((line) => line.turnId === ack.turn_id)
      .map((line) => line.id)
      .toReversed(),
  );
});

test("what there is not is undefined, also where a task id names somebody else's turn", async ({
  stage,
  admin,
}) => {
  await stage.openEpoch();
  await stage.beat();
  await stage.turns.accept(stage.request());
  expect(await admin.turn('turn_unknown')).toBeUndefined();
  expect(await admin.task('task_unknown')).toBeUndefined();
  expect(await admin.task('anything')).toBeUndefined();
});

test('a worker drains by order: gives back what has not started, ends what runs, and works again', async ({
  stage,
  admin,
}) => {
  const gate = Promise.withResolvers<void>();
  const { executor, started } = controlled(async (turn) => {
    await gate.promise;
    return completed(turn.task.payload.message);
  });
  const { service } = await stage.startWorker(executor);
  const running = await stage.turns.accept(stage.request({ conversationId: 'c1' }));
  await expect.poll(() => started.length).toBe(1);
  const [worker] = (await admin.workers()).items;
  const workerId = worker?.worker_id ?? '';
  expect(worker).toMatchObject({ slots: 8, version: 'test', is_draining: false, ordered: null });
  await expect.poll(async () => (await admin.workers()).items[0]?.busy).toBe(1);
  expect(await admin.order(workerId, 'drain')).toEqual({
    worker_id: workerId,
    status: 'draining',
    is_repeat: false,
  });
  expect((await admin.order(workerId, 'drain')).is_repeat).toBe(true);
  const state = async () => (await admin.workers()).items[0];
  await expect.poll(state).toMatchObject({ is_draining: true, ordered: 'drain' });
  expect((await stage.turns.queueStats()).workers).toBe(0);
  expect(service.health()).toMatchObject({ ok: true, detail: { is_draining: true } });
  // Straight into the lane: nobody is alive to accept for.
  await fillQueue(stage, 'lane', 'paid', 1);
  gate.resolve();
  await expect.poll(() => stage.status(running.ack.turn_id)).toBe('completed');
  expect((await admin.lanes()).lanes.find((item) => item.lane === 'paid')?.ready).toBe(1);
  expect(started).toHaveLength(1);
  await stage.redis.driver.del(stage.keys.lane('paid'), stage.keys.task('task-lane-paid-0'));
  expect((await admin.order(workerId, 'work')).status).toBe('working');
  await expect.poll(state).toMatchObject({ is_draining: false, ordered: 'work' });
  const next = await stage.turns.accept(stage.request({ conversationId: 'c2', text: 'again' }));
  await expect.poll(() => stage.status(next.ack.turn_id)).toBe('completed');
});

test('what is claimed and has not started when the order comes goes back, uncounted, and runs after it', async ({
  stage,
  admin,
}) => {
  const gate = Promise.withResolvers<void>();
  let prepares = 0;
  await stage.startWorker({
    prepare: async (task) => {
      prepares += 1;
      if (prepares === 1) await gate.promise;
      return () => Promise.resolve(completed(task.payload.message));
    },
  });
  const { ack } = await stage.turns.accept(stage.request());
  await expect.poll(() => prepares).toBe(1);
  const workerId = (await admin.workers()).items[0]?.worker_id ?? '';
  await admin.order(workerId, 'drain');
  await expect
    .poll(() => admin.turn(ack.turn_id))
    .toMatchObject({ turn: { status: 'queued' }, task: { attempts: 0 }, lease: null, place: 'lane' });
  await admin.order(workerId, 'work');
  await expect.poll(() => stage.status(ack.turn_id)).toBe('completed');
  gate.resolve();
  expect(prepares).toBeGreaterThanOrEqual(2);
});

test('an order whose publication is lost comes with the next heartbeat', async ({ stage, admin }) => {
  await stage.startWorker(echo);
  const [worker] = (await admin.workers()).items;
  await stage.redis.driver.hset(stage.keys.worker(worker?.worker_id ?? ''), 'ordered', 'drain');
  await expect.poll(async () => (await admin.workers()).items[0]?.is_draining).toBe(true);
});

test('somebody who is not there cannot be told', async ({ admin }) => {
  await expect(admin.order('nobody.1', 'drain')).rejects.toMatchObject({
    status: 404,
    errorType: 'unknown_worker',
    details: { status: 'unknown_worker' },
  });
});
