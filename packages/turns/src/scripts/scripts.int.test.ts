import { describe, expect } from 'vitest';
import { dump } from '../../test/dump.ts';
import { turnsTest } from '../../test/stage.ts';
import { createScriptStage, LEASE_MS } from '../../test/script-stage.ts';
import { ScriptResult } from '../script-result.ts';
import { loadTurnScripts } from '../turn-scripts.ts';

const { Ok, Repeated, Known, Waiting, Epoch, LeaseLost, Missing, Cancelled, Started } = ScriptResult;

const test = turnsTest.extend<{ s: ReturnType<typeof createScriptStage> }>({
  s: async ({ stage }, use) => {
    await stage.openEpoch();
    await stage.beat();
    await use(createScriptStage(stage));
  },
});

const onOwnRedis = test.extend<{ redisUrl: string | undefined }>({
  redisUrl: async ({ redis }, use) => use((await redis.privateServer()).url),
});

test('every script but the heartbeat refuses another run_id and changes nothing', async ({ stage, s }) => {
  await s.enqueue('T1');
  await s.claim();
  await stage.redis.driver.hset(stage.keys.epoch(), 'run_id', 'f'.repeat(40));
  const before = await dump(stage);
  const codes = [
    (await s.enqueue('T2')).code,
    (await s.requeue('T1')).code,
    (await s.claim()).code,
    (await stage.scripts.adopt({ task_id: 'task-T1', lane: 'registered', fence: 'w:1', lease_ms: 1 })).code,
    (await stage.scripts.renew({ lease_ms: 1, marker_ms: 1, held: [] })).code,
    await s.start('T1'),
    await s.emit('T1', [1, 'chat_step', '', '{}']),
    (await s.finish('T1')).code,
    (await stage.scripts.release({ task_id: 'task-T1', lane: 'registered', fence: 'w.x:11' })).code,
    (await stage.scripts.reap({ reaper_id: 'r', counter: 0, lease_ms: 1, limit: 5, lanes: ['registered'] }))
      .code,
    (await stage.scripts.peek({ task_id: 'task-T1', fence: 'x', turn_id: 'T1', conversation_id: 'c1' })).code,
    await s.take('T1', 'T2'),
    (await s.cancel('T1')).code,
    (await stage.scripts.fillLanes({ users: ['u1'] })).code,
    (await stage.scripts.requestCancel({ task_id: 'task-T1' })).code,
    (await stage.scripts.refuse({ task_id: 'task-T9', turn_id: 'T9' })).code,
  ];
  expect(codes).toEqual(codes.map(() => Epoch));
  expect(await dump(stage)).toEqual(before);
});

test('no script is longer than the house allows, and every one has its header', async () => {
  const { readFile, readdir } = await import('node:fs/promises');
  const dir = new URL('./', import.meta.url);
  const files = (await readdir(dir)).filter((file) => file.endsWith('.lua'));
  expect(files.length).toBe(loadTurnScripts().names.length);
  for (const file of files) {
    const text = await readFile(new URL(file, dir), 'utf8');
    expect(text.split('\n').length, file).toBeLessThanOrEqual(61);
    for (const part of ['-- KEYS', '-- ARGV', '-- Returns', '-- Invariants'])
      expect(text, file).toContain(part);
  }
});

describe('enqueue', () => {
  test('idle: task, lane, conversation, conv_status created and in_progress; the ack comes again', async ({
    stage,
    s,
  }) => {
    const first = await s.enqueue('T1');
    expect(first.code).toBe(Ok);
    expect(await stage.redis.driver.lrange(stage.keys.lane('registered'), 0, -1)).toEqual(['task-T1']);
    expect(await stage.redis.driver.hmget(stage.keys.conversation('c1'), 'state', 'turn_id')).toEqual([
      'in_progress',
      'T1',
    ]);
    expect(await stage.story('T1')).toEqual(['created', 'in_progress']);
    const log = await stage.log();
    expect(first.words[0]).toBe(log[0]?.id);
    expect(log.map((line) => line.streamId)).toEqual(['', '']);
    expect(log[0]?.body).toMatchObject({
      type: 'conv.status',
      service: { request_id: 'r1', user: 'u1' },
      event: { step: 'conv.state', status: 'started' },
      data: { state: 'created', current_turn_id: 'T1', origin_stream_id: 'stream-1' },
    });
    expect(await s.enqueue('T1')).toEqual({ code: Repeated, words: [`0||${first.words[0]}`] });
    expect((await stage.log()).length).toBe(2);
  });

  test('busy means that the conversation names a turn: mailbox, bounded, told to the stream', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1');
    const second = await s.enqueue('T2');
    expect(second).toMatchObject({ code: Waiting, words: [expect.any(String), 'T1'] });
    expect(await stage.redis.driver.lrange(stage.keys.mailbox('c1'), 0, -1)).toEqual(['task-T2']);
    expect(await stage.redis.driver.exists(stage.keys.task('task-T2'))).toBe(1);
    expect(await stage.story('T2')).toEqual(['event.continuation.accepted']);
    expect((await s.enqueue('T3', {}, { mailbox_limit: 1 })).code).toBe(ScriptResult.MailboxFull);
    expect(await stage.redis.driver.scard(stage.keys.tasks())).toBe(2);
  });

  test('of refuse and enqueue only the first does anything', async ({ stage, s }) => {
    const refuse = async (turn: string) =>
      (await stage.scripts.refuse({ task_id: `task-${turn}`, turn_id: turn })).code;
    expect(await refuse('T1')).toBe(Ok);
    expect((await s.enqueue('T1')).code).toBe(ScriptResult.Refused);
    expect(await stage.redis.driver.exists(stage.keys.task('task-T1'))).toBe(0);
    expect((await s.enqueue('T2')).code).toBe(Ok);
    expect(await refuse('T2')).toBe(ScriptResult.Known);
    expect(await stage.redis.driver.exists(stage.keys.refused('T2'))).toBe(0);
  });

  test('refusals write nothing: threshold, no worker, own queue full', async ({ stage, s }) => {
    await s.enqueue('T0', { conversation_id: 'c0' });
    const before = await dump(stage);
    const refused = await s.enqueue('T1', {}, { threshold: 1 / 64 });
    expect(refused).toEqual({ code: ScriptResult.OverThreshold, words: ['1', '64'] });
    expect((await s.enqueue('T1', {}, { user_limit: 1 })).code).toBe(ScriptResult.UserQueueFull);
    await stage.redis.driver.hset(stage.keys.worker('w-test'), 'draining', '1');
    expect((await s.enqueue('T1')).code).toBe(ScriptResult.NoWorkers);
    await stage.redis.driver.hset(stage.keys.worker('w-test'), 'draining', '0');
    expect(await dump(stage)).toEqual(before);
  });

  test('a steer needs a running turn, the one that it names', async ({ s }) => {
    expect((await s.enqueue('S1', { kind: 'steer' })).code).toBe(ScriptResult.NoActiveTurn);
    await s.enqueue('T1');
    const other = await s.enqueue('S1', { kind: 'steer', target_turn_id: 'T9' });
    expect(other).toEqual({ code: ScriptResult.TargetMismatch, words: ['T1'] });
    expect((await s.enqueue('S1', { kind: 'steer', target_turn_id: 'T1' }, { threshold: 0 })).code).toBe(
      Waiting,
    );
  });

  test('a message that is over is not run again when its ack is forgotten', async ({ stage, s }) => {
    await s.enqueue('T1');
    await stage.redis.driver.del(stage.keys.seen('u1', 'm-T1'));
    expect(await s.enqueue('T1')).toEqual({ code: Known, words: ['T1'] });
    await s.claim();
    await s.finish('T1');
    expect((await s.enqueue('T1')).code).toBe(Known);
    expect(await stage.redis.driver.llen(stage.keys.lane('registered'))).toBe(0);
  });
});

describe('claim and adopt', () => {
  test('first in, first out within a lane; lanes by the cycle; leases under ever new fences', async ({
    stage,
    s,
  }) => {
    const lanes = { A1: 'anonymous', A2: 'anonymous', P1: 'paid' } as const;
    for (const [turn, userType] of Object.entries(lanes)) {
      await s.enqueue(turn, {
        conversation_id: `c-${turn}`,
        user: { user_id: 'u1', user_type: userType, roles: [] },
      });
    }
    const reply = await s.claim(5);
    expect(reply.tasks.map((task) => [task.taskId, task.lane, task.attempts])).toEqual([
      ['task-P1', 'paid', 1],
      ['task-A1', 'anonymous', 1],
      ['task-A2', 'anonymous', 1],
    ]);
    expect(new Set(reply.tasks.map((task) => task.fence)).size).toBe(3);
    expect(await stage.redis.driver.lrange(stage.keys.inflight('anonymous'), 0, -1)).toEqual([
      'task-A2',
      'task-A1',
    ]);
    expect(await stage.redis.driver.pttl(stage.keys.lease('task-P1'))).toBeGreaterThan(LEASE_MS - 5000);
    expect((await s.claim(5)).tasks).toEqual([]);
  });

  test('several at once keep to the cycle, and the next call goes on where it stopped', async ({
    stage,
    s,
  }) => {
    for (const turn of ['A1', 'A2', 'P1', 'P2']) {
      const userType = turn.startsWith('A') ? 'anonymous' : 'paid';
      await s.enqueue(turn, {
        conversation_id: turn,
        user: { user_id: 'u1', user_type: userType, roles: [] },
      });
    }
    const args = { worker_id: 'w', lease_ms: 1000, cycle: ['paid', 'anonymous'] };
    const one = await stage.scripts.claim({ ...args, counter: 0, wanted: 1, position: 0 });
    const rest = await stage.scripts.claim({ ...args, counter: 1, wanted: 3, position: one.position });
    expect([...one.tasks, ...rest.tasks].map((task) => task.taskId)).toEqual([
      'task-P1',
      'task-A1',
      'task-P2',
      'task-A2',
    ]);
  });

  test('an id without a message is taken off the list', async ({ stage, s }) => {
    await stage.redis.driver.lpush(stage.keys.lane('registered'), 'task-gone');
    await s.enqueue('T1');
    expect((await s.claim(5)).tasks.map((task) => task.taskId)).toEqual(['task-T1']);
    expect(await stage.redis.driver.lrange(stage.keys.inflight('registered'), 0, -1)).toEqual(['task-T1']);
  });

  test('adopt: what a blocked pop moved, once', async ({ stage, s }) => {
    await s.enqueue('T1');
    const { driver } = stage.redis;
    await driver.rpoplpush(stage.keys.lane('registered'), stage.keys.inflight('registered'));
    const adopt = (fence: string) =>
      stage.scripts.adopt({ task_id: 'task-T1', lane: 'registered', fence, lease_ms: 1000 });
    expect(await adopt('w:1')).toMatchObject({
      code: Ok,
      task: { taskId: 'task-T1', fence: 'w:1', attempts: 1 },
    });
    expect((await adopt('w:2')).code).toBe(Missing);
    await driver.del(stage.keys.lease('task-T1'));
    await driver.del(stage.keys.inflight('registered'));
    expect((await adopt('w:3')).code).toBe(Missing);
  });
});

describe('renew, start, emit', () => {
  test('renew prolongs what is mine and names what is lost or to be cancelled', async ({ stage, s }) => {
    for (const turn of ['T1', 'T2', 'T3']) await s.enqueue(turn, { conversation_id: turn });
    const { tasks } = await s.claim(3, 5000);
    await s.start('T1');
    await stage.redis.driver.set(stage.keys.lease('task-T2'), 'reaper:x:1', 'PX', 5000);
    await stage.scripts.requestCancel({ task_id: 'task-T3' });
    const held = tasks.flatMap((task) => [task.taskId, task.fence]);
    expect(await stage.scripts.renew({ lease_ms: 90_000, marker_ms: 99_000, held })).toEqual({
      code: Ok,
      lost: ['task-T2'],
      cancelled: ['task-T3'],
    });
    expect(await stage.redis.driver.pttl(stage.keys.lease('task-T1'))).toBeGreaterThan(80_000);
    expect(await stage.redis.driver.pttl(stage.keys.started('task-T1'))).toBeGreaterThan(90_000);
    expect(await stage.redis.driver.pttl(stage.keys.lease('task-T2'))).toBeLessThan(6000);
  });

  test('start: exactly one chat_start; not when fenced off, cancelled, or started by another', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1');
    await s.claim();
    expect(await s.start('T1', 'w.x:999')).toBe(LeaseLost);
    expect(await stage.redis.driver.exists(stage.keys.started('task-T1'))).toBe(0);
    expect(await s.start('T1')).toBe(Ok);
    expect(await s.start('T1')).toBe(Ok);
    expect((await stage.story('T1')).filter((word) => word === 'chat_start').length).toBe(1);
    expect(await stage.redis.driver.hget(stage.keys.runningTurns('s1'), 'T1')).toBe(
      (await stage.log()).at(-1)?.id,
    );
    await stage.redis.driver.set(stage.keys.lease('task-T1'), 'w.x:9990', 'PX', 5000);
    expect(await s.start('T1', 'w.x:9990')).toBe(Started);

    await s.enqueue('T2', { conversation_id: 'c2' });
    await s.claim();
    await stage.scripts.requestCancel({ task_id: 'task-T2' });
    expect(await s.start('T2')).toBe(Cancelled);
    expect(await stage.redis.driver.exists(stage.keys.started('task-T2'))).toBe(0);
  });

  test('emit: in order, a number at most once, with the answer so far; nothing from one that is fenced off', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1');
    await s.claim();
    await s.start('T1');
    const first = [1, 'chat_step', '', '{"n":1}', 2, 'chat_delta', 'stream-1', '{"n":2}'];
    expect(await s.emit('T1', first, { snapshot_mode: 'set', snapshot_text: 'Hä' })).toBe(Ok);
    expect(await s.emit('T1', first, { snapshot_mode: 'set', snapshot_text: 'again' })).toBe(Ok);
    expect(
      await s.emit('T1', [3, 'chat_delta', '', '{"n":3}'], { snapshot_mode: 'append', snapshot_text: 'llo' }),
    ).toBe(Ok);
    const log = (await stage.log()).slice(3);
    expect(log.map((line) => line.body)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(await stage.redis.driver.get(stage.keys.snapshot('T1'))).toBe(`${log.at(-1)?.id}\nHällo`);
    expect(await s.emit('T1', [4, 'chat_step', '', '{}'], { fence: 'w.x:999' })).toBe(LeaseLost);
    expect((await stage.log()).length).toBe(6);
  });
});

describe('requeue, release, reap', () => {
  test('requeue from a row: made again, to the head of its lane or behind the running turn; not when told or there', async ({
    stage,
    s,
  }) => {
    expect((await s.requeue('T1')).code).toBe(Ok);
    expect((await s.requeue('T1')).code).toBe(Repeated);
    expect((await s.requeue('T2')).code).toBe(Ok);
    expect(await stage.redis.driver.lrange(stage.keys.mailbox('c1'), 0, -1)).toEqual(['task-T2']);
    await s.claim();
    await s.finish('T1');
    expect((await s.requeue('T1')).code).toBe(Repeated);
  });

  test('release gives back to the head, the claim not counted; never after the start', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1', { conversation_id: 'a' });
    await s.enqueue('T2', { conversation_id: 'b' });
    const release = async (turn: string, fence?: string) =>
      (
        await stage.scripts.release({
          task_id: `task-${turn}`,
          lane: 'registered',
          fence: fence ?? (await s.fenceOf(turn)),
        })
      ).code;
    await s.claim();
    expect(await release('T1', 'w.x:999')).toBe(LeaseLost);
    expect(await release('T1')).toBe(Ok);
    expect((await s.claim()).tasks).toMatchObject([{ taskId: 'task-T1', attempts: 1 }]);
    await s.start('T1');
    expect(await release('T1')).toBe(Started);
  });

  test('reap takes the lease only after a whole period without one, and the row decides the rest', async ({
    stage,
    s,
  }) => {
    await s.enqueue('T1');
    await s.claim();
    const look = (leaseMs: number, counter = 0) =>
      stage.scripts.reap({
        reaper_id: 'w.r',
        counter,
        lease_ms: leaseMs,
        limit: 5,
        lanes: ['registered'],
      });
    const reap = async (leaseMs: number, counter = 0) => (await look(leaseMs, counter)).suspects;
    expect(await look(0)).toMatchObject({ suspects: [], nextMs: -1 });
    await stage.redis.driver.del(stage.keys.lease('task-T1'));
    expect(await look(60_000)).toMatchObject({ suspects: [], nextMs: 60_000 });
    const again = await look(60_000);
    expect(again.suspects).toEqual([]);
    expect(again.nextMs).toBeGreaterThan(0);
    expect(again.nextMs).toBeLessThanOrEqual(60_000);
    expect(await stage.redis.driver.hexists(stage.keys.task('task-T1'), 'unleased_since')).toBe(1);
    // The period is over: seen as if it had been noticed long ago.
    await stage.redis.driver.hset(stage.keys.task('task-T1'), 'unleased_since', '1');
    const [suspect] = await reap(1000, 5);
    expect(suspect).toMatchObject({
      taskId: 'task-T1',
      fence: 'reaper:w.r:6',
      attempts: 1,
      startedFence: '',
    });
    expect(await reap(1000)).toEqual([]);
    expect((await s.requeue('T1', 'reaper:w.r:5')).code).toBe(LeaseLost);
    expect((await s.requeue('T1', 'reaper:w.r:6')).code).toBe(Ok);
    expect((await s.claim()).tasks).toMatchObject([{ taskId: 'task-T1', attempts: 2 }]);
  });

  test('a lease that came back clears the suspicion', async ({ stage, s }) => {
    await s.enqueue('T1');
    await s.claim();
    await stage.redis.driver.hset(stage.keys.task('task-T1'), 'unleased_since', '1');
    const args = { reaper_id: 'r', counter: 0, lease_ms: 1000, limit: 5, lanes: ['registered'] };
    expect((await stage.scripts.reap(args)).suspects).toEqual([]);
    expect(await stage.redis.driver.hexists(stage.keys.task('task-T1'), 'unleased_since')).toBe(0);
  });
});

onOwnRedis('a full Redis refuses it whole, and lets what runs go on', async ({ stage, s }) => {
  await s.enqueue('T1');
  await s.claim();
  const { driver } = stage.redis;
  await driver.config('SET', 'maxmemory', '1');
  try {
    await expect(s.enqueue('T2', { conversation_id: 'c2' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await s.start('T1')).toBe(Ok);
    expect(await s.emit('T1', [1, 'chat_step', '', '{}'])).toBe(Ok);
    expect((await s.finish('T1')).code).toBe(Ok);
  } finally {
    await driver.config('SET', 'maxmemory', '0');
  }
  expect(await driver.exists(stage.keys.conversation('c2'))).toBe(0);
});

test('heartbeat: alive for three beats, gone when it says so', async ({ stage }) => {
  const beat = (workerId: string, lifeMs: number) =>
    stage.scripts.heartbeat({
      worker_id: workerId,
      slots: 4,
      busy: 1,
      draining: '0',
      version: 'v',
      last_poll_ms: 0,
      life_ms: lifeMs,
    });
  await beat('w.1', 60_000);
  expect((await stage.turns.queueStats()).capacity).toBe(4 * 4);
  await beat('w.2', 1);
  await beat('w.1', 60_000);
  await expect.poll(async () => (await stage.turns.queueStats()).workers).toBe(1);
  await beat('w.1', 0);
  expect((await stage.turns.queueStats()).workers).toBe(0);
  expect(await stage.redis.driver.zscore(stage.keys.workers(), 'w.1')).toBeNull();
});

test('epochs only grow; a rebuild that was overtaken does not open the data', async ({ stage }) => {
  const { scripts, redis, keys } = stage;
  expect(await scripts.openEpoch({ token: 'a', at_least: 100 })).toEqual({ code: Ok, epoch: '100' });
  expect(await scripts.openEpoch({ token: 'b', at_least: 100 })).toEqual({ code: Ok, epoch: '101' });
  expect((await scripts.closeEpoch({ token: 'a', server_run_id: redis.runId() })).code).toBe(Epoch);
  expect((await scripts.closeEpoch({ token: 'b', server_run_id: redis.runId() })).code).toBe(Ok);
  expect((await scripts.openEpoch({ token: 'c', at_least: 999 })).code).toBe(Repeated);
  expect(await redis.driver.hget(keys.epoch(), 'n')).toBe('101');
});
