import type { PlatformError } from '@switchyard/kernel';
import type { PrivateRedis } from '@switchyard/testkit';
import { describe, expect, vi } from 'vitest';
import { delta, ended } from '../test/executors.ts';
import { completed, record } from '../test/fixtures.ts';
import { turnsTest } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import { buildEnvelope } from './envelope.ts';
import { LOST_WORKER, SPENT } from './terminal-event.ts';
import type { RunningTurn, TurnExecutor, TurnOutcome } from './turn-types.ts';

vi.setConfig({ testTimeout: 150_000 });

const test = turnsTest.extend<{ server: PrivateRedis; redisUrl: string | undefined }>({
  server: async ({ redis }, use) => use(await redis.privateServer()),
  redisUrl: async ({ server }, use) => use(server.url),
});

/** A bundle that declared `recovery: 'retryIfSilent'`. */
function recovering(run: (turn: RunningTurn) => Promise<TurnOutcome>) {
  const started: RunningTurn[] = [];
  const begin = (turn: RunningTurn) => {
    started.push(turn);
    return run(turn);
  };
  const executor: TurnExecutor = {
    prepare: () => Promise.resolve(Object.assign(begin, { recovery: 'retryIfSilent' as const })),
  };
  return { executor, started };
}

/** Long enough that a busy machine loses no lease of a worker that lives. */
const LEASE = { lease: 3000, leaseRenew: 400 };

const never = () => new Promise<never>(() => undefined);
const platformEvent = (turn: RunningTurn) =>
  turn.emit({
    event: 'chat_step',
    data: buildEnvelope(turn.task.payload, { type: 'chat.step', step: 'title', status: 'completed' }, 0),
    isPlatform: true,
  });
const rowOf = async ({ sql }: Stage, turnId: string) =>
  (
    await sql.query<{ status: string; attempt: number; is_silent: boolean }>({
      text: 'select status, attempt, is_silent from turn where turn_id = $1',
      values: [turnId],
    })
  )[0];
const answered = recovering((turn) => delta(turn, 'again').then(() => completed('again'))).executor;

/** Starts a turn, lets it do something, kills its worker, and lets another one have it. */
async function killAfter(stage: Stage, act: (turn: RunningTurn) => Promise<unknown>): Promise<string> {
  const acted = Promise.withResolvers<void>();
  const first = recovering(async (turn) => {
    await act(turn);
    acted.resolve();
    return never();
  });
  const worker = await stage.startWorker(first.executor, LEASE);
  const { ack } = await stage.turns.accept(stage.request());
  await acted.promise;
  worker.kill();
  await stage.startWorker(answered, LEASE);
  return ack.turn_id;
}

describe('a turn whose bundle declared retryIfSilent, when its worker dies', () => {
  test('silent: it runs again, with one chat_start and one end', async ({ stage }) => {
    const turnId = await killAfter(stage, () => Promise.resolve());
    await ended(stage, turnId).toEqual(['chat_complete']);
    expect(await stage.story(turnId)).toEqual([
      'created',
      'in_progress',
      'chat_start',
      'chat_delta',
      'chat_complete',
      'idle after success',
    ]);
    expect(await rowOf(stage, turnId)).toEqual({ status: 'completed', attempt: 2, is_silent: false });
  });

  test('events of the platform do not count, and those of the next run are not taken for theirs', async ({
    stage,
  }) => {
    const turnId = await killAfter(stage, async (turn) => {
      for (const _time of [1, 2, 3]) await platformEvent(turn);
    });
    await ended(stage, turnId).toEqual(['chat_complete']);
    const story = await stage.story(turnId);
    expect(story.filter((word) => word === 'chat_delta').length).toBe(1);
    expect(story.filter((word) => word === 'chat_step').length).toBe(3);
  });

  test.for([
    ['an event of its own', (turn: RunningTurn) => delta(turn, 'half')],
    ['a capability call with side effects', (turn: RunningTurn) => turn.noteEffect()],
  ] as const)('%s: interrupted, never run again', async ([, act], { stage }) => {
    const turnId = await killAfter(stage, async (turn) => {
      expect(await rowOf(stage, turn.task.turnId)).toEqual({
        status: 'running',
        attempt: 1,
        is_silent: true,
      });
      await act(turn);
      expect(await rowOf(stage, turn.task.turnId)).toMatchObject({ is_silent: false });
    });
    await ended(stage, turnId).toEqual(['chat_error turn_interrupted']);
    expect(await rowOf(stage, turnId)).toMatchObject({ status: 'interrupted', attempt: 1 });
  });

  test('a message taken from the mailbox counts; a look at it does not', async ({ stage }) => {
    const turnId = await killAfter(stage, async (turn) => {
      await stage.turns.accept(stage.request({ text: 'also' }));
      expect((await turn.peek())?.message).toBe('also');
      expect(await rowOf(stage, turn.task.turnId)).toMatchObject({ is_silent: true });
      expect((await turn.take())?.message).toBe('also');
    });
    await ended(stage, turnId).toEqual(['chat_error turn_interrupted']);
  });

  test('twice at most: the third start is the last', async ({ stage }) => {
    let runs = 0;
    const stuck = recovering(() => (runs++, never()));
    let worker = await stage.startWorker(stuck.executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    for (const run of [1, 2, 3]) {
      await expect.poll(() => runs, { timeout: 40_000 }).toBe(run);
      worker.kill();
      worker = await stage.startWorker(stuck.executor, LEASE);
    }
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    expect([runs, await rowOf(stage, ack.turn_id)]).toEqual([
      3,
      { status: 'interrupted', attempt: 3, is_silent: false },
    ]);
  });

  test('a cancel that came before the crash holds: it is told and not run', async ({ stage }) => {
    const turnId = await killAfter(stage, async (turn) => {
      await stage.scripts.requestCancel({ task_id: turn.task.taskId });
    });
    await ended(stage, turnId).toEqual(['chat_error cancelled']);
  });
});

describe('a Redis that forgot everything', () => {
  test('a silent turn runs again before its followup, one that spoke is interrupted', async ({ stage }) => {
    const ran: string[] = [];
    const run = recovering(async (turn) => {
      const { message } = turn.task.payload;
      ran.push(message);
      if (message === 'spoke') await delta(turn, 'half');
      return ran.filter((text) => text === message).length === 1 && message !== 'next'
        ? never()
        : completed(message);
    });
    await stage.startWorker(run.executor, LEASE);
    const send = (text: string, conversationId: string) =>
      stage.turns.accept(stage.request({ text, conversationId }));
    const silent = await send('silent', 'c1');
    const next = await send('next', 'c1');
    const spoke = await send('spoke', 'c2');
    // A row that has not started is not silent either.
    await expect
      .poll(() => rowOf(stage, spoke.ack.turn_id))
      .toMatchObject({ status: 'running', is_silent: false });
    await expect.poll(() => ran.includes('silent')).toBe(true);
    await stage.redis.driver.flushall();
    await ended(stage, silent.ack.turn_id).toEqual(['chat_complete']);
    await ended(stage, next.ack.turn_id).toEqual(['chat_complete']);
    await ended(stage, spoke.ack.turn_id).toEqual(['chat_error turn_interrupted']);
    expect(ran.filter((text) => text !== 'spoke')).toEqual(['silent', 'silent', 'next']);
    expect(ran.filter((text) => text === 'spoke')).toEqual(['spoke']);
    expect(run.started[0]?.signal.aborted).toBe(true);
  });
});

describe('two that want the same turn', () => {
  test('fenced off while it lives: nothing of the former start gets out any more', async ({ stage }) => {
    const { executor, started } = recovering((turn) =>
      started.length === 1 ? never() : delta(turn, 'again').then(() => completed('again')),
    );
    await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const [first] = started as [RunningTurn];
    // Its row went back to `queued`, as the reaper's decision does, before it knows.
    const row = await stage.rows.settle({
      turnId: ack.turn_id,
      startedFence: first.fence,
      isSpent: false,
      interrupted: LOST_WORKER,
      dead: SPENT,
    });
    expect(row).toMatchObject({ status: 'queued', is_changed: true });
    const refused = async (work: Promise<unknown>) =>
      expect(await work.catch((error: unknown) => (error as PlatformError).code)).toBe('TURN_INTERRUPTED');
    await refused(first.noteEffect());
    await refused(delta(first, 'late'));
    await refused(first.take());
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    expect(await stage.story(ack.turn_id)).toEqual([
      'created',
      'in_progress',
      'chat_start',
      'chat_delta',
      'chat_complete',
      'idle after success',
    ]);
    expect(started[1]?.fence).not.toBe(first.fence);
  });

  test('a reaper that died between row and script is repeated; another start’s marker is not', async ({
    stage,
  }) => {
    await stage.openEpoch();
    await stage.beat();
    const { ack } = await stage.turns.accept(stage.request());
    await stage.rows.start({ turnId: ack.turn_id, fence: 'w.a:1', isSilent: true });
    const settle = (startedFence: string) =>
      stage.rows.settle({
        turnId: ack.turn_id,
        startedFence,
        isSpent: false,
        interrupted: LOST_WORKER,
        dead: SPENT,
      });
    expect(await settle('w.a:1')).toMatchObject({ status: 'queued', is_changed: true });
    expect(await settle('w.a:1')).toMatchObject({ status: 'queued', is_changed: false });
    expect(await settle('')).toMatchObject({ status: 'queued', is_changed: false });
    expect(await settle('w.b:1')).toMatchObject({ status: 'interrupted', is_changed: true });
  });

  test('given up for too many claims after it had been started once: interrupted, not "never started"', async ({
    stage,
  }) => {
    await stage.openEpoch();
    await stage.beat();
    const { ack } = await stage.turns.accept(stage.request());
    await stage.rows.start({ turnId: ack.turn_id, fence: 'w.a:1', isSilent: true });
    const facts = { turnId: ack.turn_id, startedFence: 'w.a:1', interrupted: LOST_WORKER, dead: SPENT };
    await stage.rows.settle({ ...facts, isSpent: false });
    expect(await stage.rows.settle({ ...facts, isSpent: true })).toMatchObject({
      status: 'interrupted',
      error: LOST_WORKER,
    });
  });
});

describe('a host that dies under a living worker', () => {
  const crash: TurnOutcome = {
    status: 'failed',
    errorType: 'bundle_crashed',
    message: 'The application crashed.',
    record: record(''),
    hasCrashed: true,
  };

  test('silent: the turn runs again at once, twice at most', async ({ stage }) => {
    const { executor, started } = recovering(() => Promise.resolve(crash));
    await stage.startWorker(executor, { lease: 30_000, leaseRenew: 1000 });
    const { ack } = await stage.turns.accept(stage.request());
    await ended(stage, ack.turn_id).toEqual(['chat_error bundle_crashed']);
    expect(started.length).toBe(3);
    expect(new Set(started.map((turn) => turn.fence)).size).toBe(3);
    expect((await stage.story(ack.turn_id)).filter((word) => word === 'chat_start').length).toBe(1);
  });

  test('after a word of its own, or without the declaration: failed', async ({ stage }) => {
    const spoke = recovering((turn) => delta(turn, 'half').then(() => crash));
    await stage.startWorker(spoke.executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await ended(stage, ack.turn_id).toEqual(['chat_error bundle_crashed']);
    expect(spoke.started.length).toBe(1);
    expect((await rowOf(stage, ack.turn_id))?.attempt).toBe(1);
  });
});

test('a turn without the declaration writes no log and is never silent', async ({ stage }) => {
  const seen: unknown[] = [];
  await stage.startWorker({
    prepare: () =>
      Promise.resolve(async (turn) => {
        await turn.noteEffect();
        seen.push(await rowOf(stage, turn.task.turnId));
        return completed('x');
      }),
  });
  const { ack } = await stage.turns.accept(stage.request());
  await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  expect(seen).toEqual([{ status: 'running', attempt: 1, is_silent: false }]);
});
