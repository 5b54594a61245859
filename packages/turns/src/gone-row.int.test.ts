import { expect } from 'vitest';
import { delta } from '../test/executors.ts';
import { completed } from '../test/fixtures.ts';
import { echo, turnsTest as test } from '../test/stage.ts';
import type { RunningTurn } from '../src/turn-types.ts';

/** As a rebuild leaves it when it puts a message on its lane whose refusal deletes the row a moment later. */
test('a task without a row: nothing is told of the turn, and its client sees the conversation at rest', async ({
  stage,
}) => {
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request());
  expect((await stage.story(ack.turn_id)).at(-1)).toBe('in_progress');
  await stage.sql.query({ text: 'delete from turn where turn_id = $1', values: [ack.turn_id] });
  await stage.startWorker(echo);
  await expect.poll(() => stage.story(ack.turn_id)).toEqual(['created', 'in_progress', 'idle']);
});

test('a task of a deleted conversation ends in silence and leaves no key', async ({ stage }) => {
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request());
  await stage.sql.query({ text: 'delete from turn where turn_id = $1', values: [ack.turn_id] });
  await stage.sql.query({ text: "update conversation set deleted_at = now() where conversation_id = 'c1'" });
  await stage.startWorker(echo);
  await expect.poll(() => stage.redis.driver.exists(stage.keys.conversation('c1'))).toBe(0);
  expect(await stage.story(ack.turn_id)).toEqual(['created', 'in_progress']);
});

test('a turn that may run again, and whose conversation is deleted before its first word, is over at once', async ({
  stage,
}) => {
  const begun = Promise.withResolvers<RunningTurn>();
  const mayGoOn = Promise.withResolvers<void>();
  const run = async (turn: RunningTurn) => {
    begun.resolve(turn);
    await mayGoOn.promise;
    await delta(turn, 'a word');
    return completed('a word');
  };
  const prepare = () => Promise.resolve(Object.assign(run, { recovery: 'retryIfSilent' as const }));
  // Were it left to its lease, its keys would be there for a minute.
  await stage.startWorker({ prepare }, { lease: 30_000, leaseRenew: 1000 });
  const { ack } = await stage.turns.accept(stage.request());
  await begun.promise;
  await stage.sql.query({ text: 'delete from turn where turn_id = $1', values: [ack.turn_id] });
  await stage.sql.query({ text: "update conversation set deleted_at = now() where conversation_id = 'c1'" });
  mayGoOn.resolve();
  await expect.poll(() => stage.redis.driver.exists(stage.keys.conversation('c1'))).toBe(0);
  expect(await stage.redis.driver.llen(stage.keys.inflight('registered'))).toBe(0);
  expect(await stage.story(ack.turn_id)).not.toContain('chat_delta');
});
