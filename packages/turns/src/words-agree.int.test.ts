import { describe, expect, vi } from 'vitest';
import { controlled, ended, untilAborted } from '../test/executors.ts';
import { completed } from '../test/fixtures.ts';
import { turnsTest as test } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';

/** Long enough that a busy machine loses no lease of a worker that lives. */
const LEASE = { lease: 3000, leaseRenew: 400 };
vi.setConfig({ testTimeout: 150_000 });

/** What a message was told, its row, and whether the parent's error names it. */
async function wordsOf(stage: Stage, turnId: string, parentId: string) {
  const parent = (await stage.log()).find((line) => line.turnId === parentId && line.event === 'chat_error');
  return {
    told: (await stage.story(turnId)).filter((word) => !word.endsWith('.accepted')),
    status: await stage.status(turnId),
    named: ((parent?.body.data['folded_turn_ids'] ?? []) as string[]).includes(turnId),
  };
}

describe('a steer whose row was folded into a turn that died before it was taken', () => {
  test('is told as consumed, like its row, and named in the error', async ({ stage }) => {
    const { executor, started } = controlled(() => new Promise(() => undefined));
    const worker = await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const folded = await stage.turns.accept(stage.request({ kind: 'steer', text: 'left' }));
    const late = await stage.turns.accept(stage.request({ kind: 'steer', text: 'right' }));
    const into = { turnId: ack.turn_id, fence: started[0]?.fence ?? '' };
    expect(await stage.rows.fold(folded.ack.turn_id, into)).toMatchObject({
      status: 'folded',
      is_changed: true,
    });
    worker.kill();
    await stage.startWorker(controlled(() => Promise.resolve(completed('x'))).executor, LEASE);
    await ended(stage, ack.turn_id).toEqual(['chat_error turn_interrupted']);
    expect(await wordsOf(stage, folded.ack.turn_id, ack.turn_id)).toEqual({
      told: ['event.continuation.consumed'],
      status: 'folded',
      named: true,
    });
    await expect
      .poll(() => wordsOf(stage, late.ack.turn_id, ack.turn_id))
      .toEqual({
        told: ['active_turn_control_no_active_turn'],
        status: 'cancelled',
        named: false,
      });
  });

  test('the same when the turn ends well though its take failed', async ({ stage }) => {
    const { executor, started } = controlled(async (turn) => {
      await expect.poll(async () => (await turn.peek())?.message).toBe('left');
      // The lease is somebody else's for the moment between the row and the script.
      const lease = stage.keys.lease(turn.task.taskId);
      const folding = stage.sql.tx(async (inner) => {
        await inner.query({
          text: `select 1 from turn where turn_id = $1 for update`,
          values: [turn.task.turnId],
        });
        const taking = turn.take().catch(() => null);
        const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'`;
        await expect.poll(async () => (await stage.sql.query({ text: waiting })).length).toBeGreaterThan(0);
        await stage.redis.driver.lpush(stage.keys.mailbox('c1'), 'task-first');
        return { taking };
      });
      await (
        await folding
      ).taking;
      await stage.redis.driver.lpop(stage.keys.mailbox('c1'));
      expect(await stage.redis.driver.exists(lease)).toBe(1);
      return completed('done');
    });
    await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const steer = await stage.turns.accept(stage.request({ kind: 'steer', text: 'left' }));
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    expect(await wordsOf(stage, steer.ack.turn_id, ack.turn_id)).toMatchObject({
      told: ['event.continuation.consumed'],
      status: 'folded',
    });
  });

  test('a turn that is over takes nothing: the row stays as it was', async ({ stage }) => {
    const { executor, started } = controlled(untilAborted);
    await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const item = await stage.turns.accept(stage.request({ text: 'next' }));
    const into = { turnId: ack.turn_id, fence: started[0]?.fence ?? '' };
    const { folding } = await stage.sql.tx(async (inner) => {
      // The parent ends while the fold is on its way: it waits for the end and then finds no turn.
      await inner.query({
        text: `update turn set status = 'interrupted', ended_at = now() where turn_id = $1`,
        values: [ack.turn_id],
      });
      const asked = stage.rows.fold(item.ack.turn_id, into);
      const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%for share%'`;
      await expect.poll(async () => (await stage.sql.query({ text: waiting })).length).toBeGreaterThan(0);
      return { folding: asked };
    });
    expect(await folding).toMatchObject({ status: 'queued', is_changed: false });
    expect(await stage.status(item.ack.turn_id)).toBe('queued');
  });
});

describe('a steer without words', () => {
  const stop = { kind: 'steer' as const, text: ' \n' };

  test('that stopped its turn is told as consumed, and not named among the lost messages', async ({
    stage,
  }) => {
    const { executor, started } = controlled((turn) =>
      turn.task.payload.message === 'next' ? Promise.resolve(completed('ok')) : untilAborted(turn),
    );
    await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    const other = await stage.turns.accept(stage.request({ kind: 'steer', text: 'left' }));
    const next = await stage.turns.accept(stage.request({ text: 'next' }));
    const steer = await stage.turns.accept(stage.request({ ...stop, messageId: 'stop' }));
    expect(steer.ack).toMatchObject({ status: 'external_event_accepted', active_turn_id: ack.turn_id });
    await ended(stage, ack.turn_id).toEqual(['chat_error cancelled']);
    await ended(stage, next.ack.turn_id).toEqual(['chat_complete']);
    const consumed = { told: ['event.continuation.consumed'], status: 'folded', named: false };
    expect(await wordsOf(stage, steer.ack.turn_id, ack.turn_id)).toEqual(consumed);
    const told = (await stage.log()).find((line) => line.body.type === 'event.continuation.consumed');
    expect(told?.body).toMatchObject({
      event: { step: 'continuation', status: 'completed' },
      data: { queued_turn_id: steer.ack.turn_id, turn_id: ack.turn_id },
    });
    await expect
      .poll(() => wordsOf(stage, other.ack.turn_id, ack.turn_id))
      .toEqual({
        told: ['active_turn_control_no_active_turn'],
        status: 'cancelled',
        named: false,
      });
    expect(await stage.turns.accept(stage.request({ ...stop, messageId: 'stop' }))).toEqual({
      ack: steer.ack,
      isRepeat: true,
    });
  });

  test('that stopped a turn which was still queued is told the same', async ({ stage }) => {
    await stage.openEpoch();
    await stage.beat();
    const { ack } = await stage.turns.accept(stage.request());
    const steer = await stage.turns.accept(stage.request(stop));
    expect(await stage.story(ack.turn_id)).toContain('chat_error cancelled');
    expect(await wordsOf(stage, steer.ack.turn_id, ack.turn_id)).toEqual({
      told: ['event.continuation.consumed'],
      status: 'folded',
      named: false,
    });
  });

  test('whose worker died before the end was told: the reaper tells it the same', async ({ stage }) => {
    const { executor, started } = controlled(() => new Promise(() => undefined));
    const worker = await stage.startWorker(executor, LEASE);
    const { ack } = await stage.turns.accept(stage.request());
    await expect.poll(() => started.length).toBe(1);
    worker.kill();
    const fence = started[0]?.fence ?? '';
    const steer = await stage.turns.accept(stage.request(stop));
    const end = { turnId: ack.turn_id, fence, status: 'cancelled' as const, answer: null, answerText: null };
    await stage.rows.end({ ...end, error: { error: 'Cancelled.', error_type: 'cancelled' } });
    await stage.startWorker(controlled(() => Promise.resolve(completed('x'))).executor, LEASE);
    await ended(stage, ack.turn_id).toEqual(['chat_error cancelled']);
    expect(await wordsOf(stage, steer.ack.turn_id, ack.turn_id)).toEqual({
      told: ['event.continuation.consumed'],
      status: 'folded',
      named: false,
    });
  });
});

describe('a retry gets the first ack to the letter', () => {
  test('of a message that has ended, of one that waited and ran, of one that runs', async ({ stage }) => {
    const { executor, started } = controlled((turn) =>
      turn.task.payload.message === 'long' ? untilAborted(turn) : Promise.resolve(completed('ok')),
    );
    await stage.startWorker(executor, LEASE);
    const first = stage.request({ text: 'long', messageId: 'm1' });
    const second = stage.request({ text: 'next', messageId: 'm2' });
    const acks = [await stage.turns.accept(first)];
    await expect.poll(() => started.length).toBe(1);
    acks.push(await stage.turns.accept(second));
    expect(acks.map(({ ack }) => ack.status)).toEqual(['processing_started', 'external_event_accepted']);
    const again = async () => [await stage.turns.accept(first), await stage.turns.accept(second)];
    const same = acks.map(({ ack }) => ({ ack, isRepeat: true }));
    expect(await again()).toEqual(same);
    await stage.turns.cancel({ conversationId: 'c1', userId: 'u1' });
    await ended(stage, acks[1]?.ack.turn_id ?? '').toEqual(['chat_complete']);
    expect(await again()).toEqual(same);
  });

  test('of one whose ack Redis has forgotten: its ids, and that it was accepted', async ({ stage }) => {
    await stage.startWorker(controlled(() => Promise.resolve(completed('ok'))).executor, LEASE);
    const request = stage.request({ messageId: 'm1' });
    const { ack } = await stage.turns.accept(request);
    await ended(stage, ack.turn_id).toEqual(['chat_complete']);
    await stage.redis.driver.unlink(stage.keys.seen('u1', 'm1'));
    expect(await stage.turns.accept(request)).toEqual({
      ack: { ...ack, last_log_id: '0-0' },
      isRepeat: true,
    });
  });
});

test('an answer that grows by pieces is kept whole, also when it is replaced in between', async ({
  stage,
}) => {
  const kept: (string | null)[] = [];
  const { executor } = controlled(async (turn) => {
    const say = (part: { answerAdds?: string; answerText?: string }) =>
      turn.emit({ event: 'chat_delta', data: { type: 'chat.delta' } as never, ...part });
    const look = async () => kept.push(await stage.redis.driver.get(stage.keys.snapshot(turn.task.turnId)));
    await Promise.all([say({ answerAdds: 'Hel' }), say({}), say({ answerAdds: 'lo' })]);
    await look();
    await say({ answerAdds: ' wörld' });
    await look();
    await Promise.all([say({ answerAdds: '!' }), say({ answerText: 'New' }), say({ answerAdds: ' text' })]);
    await look();
    throw new Error('to see what is kept');
  });
  await stage.startWorker(executor, LEASE);
  const { ack } = await stage.turns.accept(stage.request());
  await ended(stage, ack.turn_id).toEqual(['chat_error bundle_error']);
  expect(kept.map((text) => text?.replace(/^\d+-\d+\n/, ''))).toEqual(['Hello', 'Hello wörld', 'New text']);
  expect((await stage.rows.read(ack.turn_id))?.answer?.final_answer).toBe('New text');
});
