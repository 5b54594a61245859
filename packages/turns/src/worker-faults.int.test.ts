import { Deadline } from '@switchyard/kernel';
import type { PlatformError } from '@switchyard/kernel';
import { describe, expect } from 'vitest';
import { controlled, delta, ended, untilAborted } from '../test/executors.ts';
import { completed, record } from '../test/fixtures.ts';
import { echo, turnsTest as test } from '../test/stage.ts';
import type { TurnAbort } from './turn-abort.ts';
import type { TurnExecutor } from './turn-types.ts';

describe('a worker that dies', () => {
  test('before the start: the turn runs elsewhere', async ({ stage }) => {
    let prepared = 0;
    const stuck: TurnExecutor = { prepare: () => (prepared++, new Promise(() => undefined)) };
    const first = await stage.startWorker(stuck);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => prepared).toBe(1);
    first.kill();
    await stage.startWorker(echo);
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    expect((await stage.story(ack.turn_id)).filter((word) => word === 'chat_start').length).toBe(1);
  });

  test('after the start: told as interrupted, never run again; the followup goes on', async ({ stage }) => {
    const { executor, started } = controlled(() => new Promise(() => undefined));
    const first = await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const next = await stage.turns.accept(stage.request({ text: 'next' }));
    first.kill();
    const ran: string[] = [];
    await stage.startWorker(
      controlled((turn) => Promise.resolve((ran.push(turn.task.turnId), completed('x')))).executor,
    );
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    await ended(stage, next.ack.turn_id).toEqual(['chat_complete']);
    expect(ran).toEqual([next.ack.turn_id]);
    const interrupted = (await stage.log()).find((line) => line.event === 'chat_error');
    expect(interrupted?.body.data).toMatchObject({ reason: 'worker_lost_after_start', task_id: ack.task_id });
    expect(await stage.status(ack.turn_id)).toBe('interrupted');
  });

  test('again and again before the start: given up in the end, and the client is told', async ({ stage }) => {
    let prepared = 0;
    const stuck: TurnExecutor = { prepare: () => (prepared++, new Promise(() => undefined)) };
    let worker = await stage.startWorker(stuck, { maxAttempts: 1, lease: 400, leaseRenew: 80 });
    const { ack } = await stage.turns.accept(stage.request());
    for (const attempt of [1, 2]) {
      await expect.poll(() => prepared, { timeout: 5000 }).toBe(attempt);
      worker.kill();
      worker = await stage.startWorker(stuck, { maxAttempts: 1, lease: 400, leaseRenew: 80 });
    }
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_dead']);
    expect([prepared, await stage.status(ack.turn_id)]).toEqual([2, 'dead']);
  });

  test('between row and start script: interrupted, without a first line', async ({ stage }) => {
    await stage.openEpoch();
    await stage.beat();
    const { ack } = await stage.turns.accept(stage.request());
    await stage.rows.start({ turnId: ack.turn_id, fence: 'w.dead:1' });
    let ran = 0;
    await stage.startWorker(controlled(() => Promise.resolve(completed(String(++ran)))).executor);
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    expect(ran).toBe(0);
  });

  test('between row and finish: the client is told what the row says', async ({ stage }) => {
    const { executor, started } = controlled(() => new Promise(() => undefined));
    const first = await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    first.kill();
    const fence = started[0]?.fence ?? '';
    const end = {
      turnId: ack.turn_id,
      fence,
      status: 'completed' as const,
      answer: record('done'),
      answerText: 'done',
      error: null,
    };
    expect((await stage.rows.end(end))?.is_changed).toBe(true);
    await stage.startWorker(echo);
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    const told = (await stage.log()).find((line) => line.event === 'chat_complete');
    expect(told?.body.data).toEqual({ final_answer: 'done' });
  });

  test('between row and enqueue: an ingress that died leaves a message that runs all the same', async ({
    stage,
  }) => {
    await stage.startWorker(echo);
    const { ack } = await stage.turns.accept(stage.request());
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    await stage.sql.query({
      text: `insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id,
          message_id, kind, status, request, created_at)
        select tenant, project, 'turn_lost', 'task_lost', 'c2', user_id, session_id, user_type, bundle_id, 'lost', kind, 'queued',
          request || '{"turn_id":"turn_lost","task_id":"task_lost","conversation_id":"c2","message_id":"lost"}', now() - interval '1 minute'
        from turn`,
    });
    await ended(stage, 'turn_lost').toEqual(['chat_complete']);
  });
});

describe('a lost lease', () => {
  test('aborts the turn; what it emits, takes and finishes is refused; somebody else’s end is told', async ({
    stage,
  }) => {
    const after: unknown[] = [];
    const { executor, started } = controlled(async (turn) => {
      await delta(turn, 'a');
      await new Promise((resolve) => turn.signal.addEventListener('abort', resolve));
      after.push(await delta(turn, 'b').catch((error: unknown) => (error as PlatformError).code));
      return completed('never told');
    });
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    await expect.poll(() => stage.story(ack.turn_id)).toContain('chat_delta');
    await stage.redis.driver.set(stage.keys.lease(ack.task_id), 'w.other:1', 'PX', 300);
    await expect.poll(() => (started[0]?.signal.reason as TurnAbort | undefined)?.reason).toBe('lease_lost');
    await expect.poll(() => after).toEqual(['TURN_INTERRUPTED']);
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    expect((await stage.story(ack.turn_id)).filter((word) => word === 'chat_delta').length).toBe(1);
    expect(await stage.status(ack.turn_id)).toBe('interrupted');
  });

  test('a worker that cannot renew gives up by its own clock, before the lease is over', async ({
    stage,
  }) => {
    const { executor, started } = controlled(untilAborted);
    const worker = await stage.startWorker(executor, { lease: 1000, leaseRenew: 200 });
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    worker.kill();
    await expect.poll(() => started[0]?.signal.aborted).toBe(true);
    expect(await stage.redis.driver.pttl(stage.keys.lease(ack.task_id))).toBeGreaterThan(0);
  });
});

describe('drain', () => {
  test('what has not started goes back, what runs may end, the rest is told at once', async ({ stage }) => {
    const release = Promise.withResolvers<void>();
    const executor: TurnExecutor = {
      prepare: (task) => {
        if (task.payload.message === 'unstarted') return new Promise(() => undefined);
        return Promise.resolve(async (turn) => {
          if (task.payload.message === 'long') return untilAborted(turn);
          await release.promise;
          return completed('done');
        });
      },
    };
    const worker = await stage.startWorker(executor, { drainLimit: 300 });
    const send = async (text: string) =>
      (await stage.turns.accept(stage.request({ text, conversationId: text }))).ack;
    const [unstarted, short, long] = [await send('unstarted'), await send('short'), await send('long')];
    await expect.poll(() => stage.status(short.turn_id)).toBe('running');
    await expect.poll(() => stage.status(long.turn_id)).toBe('running');
    await expect.poll(async () => (await stage.turns.queueStats()).inflight.registered).toBe(3);
    const stopped = worker.service.stop(Deadline.in(5000));
    await expect.poll(async () => (await stage.turns.queueStats()).ready.registered).toBe(1);
    expect(worker.service.health().ok).toBe(false);
    await expect(send('more')).rejects.toMatchObject({ details: { reason: 'no_healthy_processes' } });
    release.resolve();
    await stopped;
    expect([
      await stage.status(unstarted.turn_id),
      await stage.status(short.turn_id),
      await stage.status(long.turn_id),
    ]).toEqual(['queued', 'completed', 'interrupted']);
    const told = (await stage.log()).find((line) => line.event === 'chat_error');
    expect(told?.body.data).toMatchObject({ error_type: 'turn_interrupted', reason: 'worker_draining' });
    await stage.startWorker(echo);
    await ended(stage, unstarted.turn_id).toEqual(['chat_complete']);
  });

  test('an idle worker is gone within a moment, blocked pops and all', async ({ stage }) => {
    const worker = await stage.startWorker(echo, { blockedPop: 20_000 });
    await expect.poll(() => worker.service.health().ok).toBe(true);
    const startedAt = performance.now();
    await worker.service.stop(Deadline.in(15_000));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect((await stage.turns.queueStats()).workers).toBe(0);
  });
});

test('a row that is deleted while its end is written frees the conversation at once, not when its lease runs out', async ({
  stage,
}) => {
  const over = Promise.withResolvers<void>();
  const { executor, started } = controlled(async () => (await over.promise, completed('x')));
  await stage.startWorker(executor, { lease: 60_000, leaseRenew: 1000 });
  const { ack } = await stage.turns.accept(stage.request());
  await expect.poll(() => started.length).toBe(1);
  await stage.sql.tx(async (inner) => {
    await inner.query({ text: 'delete from turn where turn_id = $1', values: [ack.turn_id] });
    over.resolve();
    const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%update turn set status%'`;
    await expect
      .poll(async () => (await stage.sql.query({ text: waiting })).length, { timeout: 5000 })
      .toBeGreaterThan(0);
  });
  await expect
    .poll(async () => (await stage.turns.conversationState(ack.conversation_id)).state, { timeout: 5000 })
    .toBe('idle');
});
