import { PlatformError } from '@switchyard/kernel';
import type { ChatEnvelope } from '@switchyard/protocol';
import { describe, expect } from 'vitest';
import { controlled, delta, ended, untilAborted } from '../test/executors.ts';
import { completed, payloadOf, record } from '../test/fixtures.ts';
import { echo, turnsTest as test } from '../test/stage.ts';
import { buildEnvelope } from './envelope.ts';
import type { TurnAbort } from './turn-abort.ts';
import type { RunningTurn, TurnExecutor } from './turn-types.ts';

test('the walk of a turn: events in the order of 03, row and conversation agree', async ({ stage }) => {
  const { executor } = controlled(async (turn) => {
    await Promise.all([delta(turn, 'Hel'), delta(turn, 'Hello')]);
    expect(await stage.redis.driver.get(stage.keys.snapshot(turn.task.turnId))).toMatch(/^\d+-\d+\nHello$/);
    return { status: 'completed', result: { final_answer: 'Hello', extra: 1 }, record: record('Hello') };
  });
  await stage.startWorker(executor);
  const attachment = { filename: 'a.txt', mime: 'text/plain', size: 1, sha256: 'a'.repeat(64) };
  const { ack } = await stage.turns.accept(stage.request({ attachments: [attachment] }));
  await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  expect(await stage.story(ack.turn_id)).toEqual([
    'created',
    'in_progress',
    'chat_step',
    'chat_start',
    'chat_delta',
    'chat_delta',
    'chat_complete',
    'idle after success',
  ]);
  const log = await stage.log();
  expect(log.map((line) => line.prev)).toEqual(['0-0', ...log.slice(0, -1).map((line) => line.id)]);
  expect(log.find((line) => line.event === 'chat_complete')?.body.data).toEqual({
    final_answer: 'Hello',
    extra: 1,
  });
  expect(await stage.status(ack.turn_id)).toBe('completed');
  const [row] = await stage.sql.query<{ answer_text: string; attempt: number }>({
    text: 'select answer_text, attempt from turn',
  });
  expect(row).toEqual({ answer_text: 'Hello', attempt: 1 });
});

test('the deltas that close its markers are told with the end, after all that was emitted', async ({
  stage,
}) => {
  const closing = (marker: string): ChatEnvelope =>
    buildEnvelope(payloadOf('T'), { type: 'chat.delta', step: marker, status: 'completed' }, 0);
  const { executor } = controlled(async (turn) => {
    void delta(turn, 'Hel');
    return { ...completed('Hel'), closings: [closing('answer'), closing('thinking')] };
  });
  await stage.startWorker(executor);
  const { ack } = await stage.turns.accept(stage.request());
  await ended(stage, ack.turn_id).toEqual(['chat_complete']);
  const log = (await stage.log()).slice(-5);
  expect(log.map(({ event, body }) => `${event} ${body.event.status}`)).toEqual([
    'chat_delta running',
    'chat_delta completed',
    'chat_delta completed',
    'chat_complete completed',
    'conv_status completed',
  ]);
});

test('two workers, 200 conversations with followups: each turn exactly once, in order, never two of a conversation at once', async ({
  stage,
}) => {
  const ran: string[] = [];
  const open = new Set<string>();
  let overlaps = 0;
  const { executor } = controlled(async (turn) => {
    const { conversationId, payload } = turn.task;
    if (open.has(conversationId)) overlaps += 1;
    open.add(conversationId);
    await new Promise((resolve) => setImmediate(resolve));
    ran.push(`${conversationId} ${payload.message}`);
    open.delete(conversationId);
    return completed(payload.message);
  });
  await stage.startWorker(executor, { slots: 150, lease: 5000, leaseRenew: 1000 });
  await stage.startWorker(executor, { slots: 150, lease: 5000, leaseRenew: 1000 });
  const turns = stage.createTurns();
  const types = ['privileged', 'paid', 'registered', 'anonymous'] as const;
  const talk = async (index: number) => {
    for (const text of ['1', '2', '3']) {
      await turns.accept(
        stage.request({
          user: `u${index}`,
          conversationId: `c${index}`,
          text,
          userType: types[index % 4] ?? 'paid',
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: 200 }, (_, index) => talk(index)));
  await expect.poll(() => ran.length, { timeout: 20_000 }).toBe(600);
  await expect.poll(async () => (await stage.turns.queueStats()).load, { timeout: 5000 }).toBe(0);
  expect(overlaps).toBe(0);
  expect(new Set(ran).size).toBe(600);
  for (let index = 0; index < 200; index++) {
    expect(ran.filter((line) => line.startsWith(`c${index} `))).toEqual(
      ['1', '2', '3'].map((text) => `c${index} ${text}`),
    );
  }
  const rows = await stage.sql.query<{ status: string; count: number }>({
    text: 'select status, count(*)::int as count from turn group by status',
  });
  expect(rows).toEqual([{ status: 'completed', count: 600 }]);
  const states = await stage.turns.conversationStates(Array.from({ length: 200 }, (_, index) => `c${index}`));
  expect(states.every(({ state }) => state === 'idle')).toBe(true);
}, 60_000);

test('one slot only: what is on another lane than the blocked one still runs', async ({ stage }) => {
  await stage.startWorker(echo, { slots: 1 });
  const acks = await Promise.all(
    (['anonymous', 'paid', 'registered'] as const).map((userType, index) =>
      stage.turns.accept(
        stage.request({ userType, user: `u${index + 1}`, conversationId: `c${index}`, text: userType }),
      ),
    ),
  );
  for (const { ack } of acks)
    await expect.poll(() => stage.status(ack.turn_id), { timeout: 5000 }).toBe('completed');
});

describe('a bundle that fails', () => {
  test('prepare rejects: the turn starts and fails with that error, the next one is promoted', async ({
    stage,
  }) => {
    let calls = 0;
    const executor: TurnExecutor = {
      prepare: (task) =>
        ++calls === 1
          ? Promise.reject(
              PlatformError.of('BUNDLE_UNAVAILABLE', 'no such bundle', { details: { bundle_id: 'x' } }),
            )
          : echo.prepare(task, AbortSignal.any([])),
    };
    const turns = stage.turns;
    await stage.openEpoch();
    await stage.beat();
    const first = await turns.accept(stage.request());
    const second = await turns.accept(stage.request());
    await stage.startWorker(executor);
    await ended(stage, second.ack.turn_id).toEqual(['chat_complete']);
    expect((await stage.story(first.ack.turn_id)).slice(-2)).toEqual([
      'chat_start',
      'chat_error bundle_unavailable',
    ]);
    const failed = (await stage.log()).find((line) => line.event === 'chat_error');
    expect(failed?.body.data).toMatchObject({
      error: 'no such bundle',
      bundle_id: 'x',
      task_id: first.ack.task_id,
    });
    expect(await stage.story(second.ack.turn_id)).toContain('in_progress after error');
    expect(await stage.status(first.ack.turn_id)).toBe('failed');
  });

  test('something that is no PlatformError says nothing of its insides', async ({ stage }) => {
    const { executor } = controlled(() => Promise.reject(new Error('canary /etc/passwd')));
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await ended(stage, ack.turn_id).toEqual(['chat_error bundle_error']);
    expect(JSON.stringify(await stage.log())).not.toContain('canary');
    expect((await stage.story(ack.turn_id)).at(-1)).toBe('error after error');
  });

  test.for([
    ['idle', { turnIdle: 60 }, 0.06],
    ['wall', { turnWall: 80 }, 0.08],
  ] as const)(
    '%s watchdog: aborted, five seconds to clean up, then over',
    async ([kind, config, limit], { stage }) => {
      const { executor, started } = controlled(async (turn) => {
        await delta(turn, 'half an ans');
        return new Promise(() => undefined);
      });
      await stage.startWorker(executor, config);
      const { ack } = await stage.turns.accept(stage.request());
      await ended(stage, ack.turn_id).toEqual(['chat_error task_watchdog_timeout']);
      const failed = (await stage.log()).find((line) => line.event === 'chat_error');
      expect(failed?.body.data).toMatchObject({ timeout_kind: kind, limit_sec: limit });
      expect((await stage.rows.read(ack.turn_id))?.answer?.final_answer).toBe('half an ans');
      const [turn] = started;
      expect((turn?.signal.reason as TurnAbort | undefined)?.reason).toBe(`watchdog_${kind}`);
      await expect(delta(turn as RunningTurn, 'late')).rejects.toBeInstanceOf(PlatformError);
      await expect((turn as RunningTurn).take()).rejects.toBeInstanceOf(PlatformError);
    },
  );
});

describe('cancel', () => {
  test('running: aborted at once, told as cancelled, a waiting followup goes on', async ({ stage }) => {
    const { executor, started } = controlled((turn) =>
      turn.task.payload.message === 'stop me' ? untilAborted(turn) : Promise.resolve(completed('ok')),
    );
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request({ text: 'stop me' }));
    await expect.poll(() => started.length).toBe(1);
    const next = await stage.turns.accept(stage.request());
    expect(await stage.turns.cancel({ conversationId: 'c1', userId: 'u2' })).toEqual({ status: 'idle' });
    expect(await stage.turns.cancel({ conversationId: 'c1', userId: 'u1' })).toEqual({ status: 'cancelled' });
    await ended(stage, ack.turn_id).toEqual(['chat_error cancelled']);
    await ended(stage, next.ack.turn_id).toEqual(['chat_complete']);
    expect(await stage.status(ack.turn_id)).toBe('cancelled');
  });

  test('a steer without words asks the running turn to stop', async ({ stage }) => {
    const { executor, started } = controlled(untilAborted);
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const steer = await stage.turns.accept(stage.request({ kind: 'steer', text: ' ' }));
    expect(steer.ack.status).toBe('external_event_accepted');
    await ended(stage, ack.turn_id).toEqual(['chat_error cancelled']);
    expect(await stage.status(steer.ack.turn_id)).toBe('folded');
  });

  test('claimed and not started: its start is refused and finishes it', async ({ stage }) => {
    const go = Promise.withResolvers<void>();
    let prepared = 0;
    let ran = 0;
    const executor: TurnExecutor = {
      prepare: async () => {
        prepared += 1;
        await go.promise;
        return () => Promise.resolve(completed(String(++ran)));
      },
    };
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => prepared).toBe(1);
    expect(await stage.turns.cancel({ conversationId: 'c1', userId: 'u1' })).toEqual({ status: 'cancelled' });
    expect(await stage.status(ack.turn_id)).toBe('cancelled');
    go.resolve();
    await ended(stage, ack.turn_id).toEqual(['chat_error cancelled']);
    expect(await stage.story(ack.turn_id)).not.toContain('chat_start');
    expect(ran).toBe(0);
  });

  test('queued: with everything that waits, in one go', async ({ stage }) => {
    await stage.openEpoch();
    await stage.beat();
    const acks = [];
    for (const text of ['1', '2', '3']) acks.push((await stage.turns.accept(stage.request({ text }))).ack);
    expect(await stage.turns.cancel({ conversationId: 'c1', userId: 'u1', queued: true })).toEqual({
      status: 'cancelled',
    });
    for (const ack of acks) expect(await stage.status(ack.turn_id)).toBe('cancelled');
    expect(await stage.turns.conversationState('c1')).toMatchObject({ state: 'idle', current_turn_id: null });
    expect(await stage.turns.cancel({ conversationId: 'c1', userId: 'u1' })).toEqual({ status: 'idle' });
  });
});

describe('mailbox', () => {
  test('a running turn takes a followup: told to its stream, not a turn of its own, named when the parent fails', async ({
    stage,
  }) => {
    const taken: unknown[] = [];
    const { executor, started } = controlled(async (turn) => {
      await expect.poll(async () => (await turn.peek())?.message).toBe('also this');
      taken.push(await turn.take(), await turn.take());
      throw PlatformError.of('BUNDLE_ERROR', 'fell over');
    });
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const second = await stage.turns.accept(stage.request({ text: 'also this', messageId: 'm2' }));
    await ended(stage, ack.turn_id).toEqual(['chat_error bundle_error']);
    expect(taken).toMatchObject([
      { kind: 'followup', turn_id: second.ack.turn_id, message: 'also this' },
      null,
    ]);
    expect(await stage.status(second.ack.turn_id)).toBe('folded');
    expect(await stage.story(second.ack.turn_id)).toEqual([
      'event.continuation.accepted',
      'event.continuation.consumed',
    ]);
    const failed = (await stage.log()).find((line) => line.event === 'chat_error');
    expect(failed?.body.data['folded_turn_ids']).toEqual([second.ack.turn_id]);
    expect((await stage.turns.accept(stage.request({ messageId: 'm2' }))).ack.turn_id).toBe(
      second.ack.turn_id,
    );
  });

  test('an item that was cancelled is not given out', async ({ stage }) => {
    const taken: unknown[] = [];
    const go = Promise.withResolvers<void>();
    const { executor, started } = controlled(async (turn) => {
      await go.promise;
      taken.push(await turn.take());
      return completed('ok');
    });
    await stage.startWorker(executor);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const gone = await stage.turns.accept(stage.request());
    const kept = await stage.turns.accept(stage.request({ kind: 'steer', text: 'left' }));
    // The row only, as after a crash between row and script.
    await stage.sql.query({
      text: `update turn set status = 'cancelled', ended_at = now() where turn_id = $1`,
      values: [gone.ack.turn_id],
    });
    go.resolve();
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    expect(taken).toMatchObject([{ kind: 'steer', turn_id: kept.ack.turn_id }]);
    await ended(stage, gone.ack.turn_id).toEqual(['chat_error cancelled']);
  });
});
