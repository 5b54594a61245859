import { conversationTurnSchema } from '@switchyard/protocol';
import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { addTurn, SCOPE } from '../test/add-turn.ts';
import { createFeedback } from './feedback.ts';
import { createTurnHistory } from './turn-history.ts';

const SHA = 'a'.repeat(64);
const RECORD = {
  v: 1,
  final_answer: 'Forty-two.',
  thinking: 'Hm.',
  steps: [{ name: 'look', status: 'completed', title: 'Looking', ts: 1767607200120 }],
  citations: [{ id: 1, title: 'Guide', quote: 'It is 42.' }],
  followups: ['Why?'],
  files: [{ filename: 'out.txt', mime: 'text/plain', size: 3, sha256: SHA }],
  usage: [],
};

postgresTest('a turn is read as the artifacts that clients know, in order', async ({ postgres: { sql } }) => {
  const attachments = [{ filename: 'in.pdf', mime: 'application/pdf', size: 5, sha256: SHA }];
  await addTurn(sql, {
    turnId: 't1',
    text: 'What is it?',
    answer: RECORD,
    answerText: 'Forty-two.',
    request: { attachments },
  });
  const history = createTurnHistory(sql, SCOPE);
  const [turn] = await history.listTurns('ann', 'c1', { materialize: true });
  expect(conversationTurnSchema.parse(turn)).toEqual(turn);
  expect(turn?.artifacts.map((artifact) => artifact.type)).toEqual([
    'chat:user',
    'artifact:user.attachment',
    'chat:thinking',
    'artifact:conv.steps',
    'artifact:conv.timeline_text.stream',
    'artifact:solver.program.citables',
    'artifact:assistant.file',
    'chat:assistant',
    'artifact:conv.user_shortcuts',
  ]);
  expect(turn?.artifacts.find((artifact) => artifact.type === 'chat:assistant')?.data).toMatchObject({
    text: 'Forty-two.',
  });
  const [bare] = await history.listTurns('ann', 'c1', { materialize: false });
  expect(bare?.artifacts.every((artifact) => artifact.data === undefined)).toBe(true);
});

postgresTest(
  'turn ids narrow it; a stop without words is not shown; another user reads nothing',
  async ({ postgres: { sql } }) => {
    await addTurn(sql, { turnId: 't1', text: 'one' });
    await addTurn(sql, { turnId: 't2', kind: 'steer', status: 'dead' });
    await addTurn(sql, {
      turnId: 't3',
      text: 'three',
      status: 'failed',
      error: { error: 'It broke', error_type: 'bundle_error' },
    });
    const history = createTurnHistory(sql, SCOPE);
    const ids = async (userId: string, turnIds?: string[]) =>
      (await history.listTurns(userId, 'c1', { turnIds, materialize: true })).map((turn) => turn.turn_id);
    expect(await ids('ann')).toEqual(['t1', 't3']);
    expect(await ids('ann', ['t3', 'nowhere'])).toEqual(['t3']);
    expect(await ids('bob')).toEqual([]);
    const [, failed] = await history.listTurns('ann', 'c1', { materialize: true });
    expect(failed?.artifacts.at(-1)).toMatchObject({
      type: 'artifact:conv.error',
      data: { text: 'It broke', payload: { error_type: 'bundle_error' } },
    });
  },
);

postgresTest(
  'history for a turn: completed exchanges before it, folded messages with their parent',
  async ({ postgres: { sql } }) => {
    await addTurn(sql, { turnId: 't1', text: 'first', answerText: 'one' });
    await addTurn(sql, { turnId: 't2', text: 'broken', status: 'failed' });
    await addTurn(sql, { turnId: 't3', text: 'second', answerText: 'two' });
    await addTurn(sql, { turnId: 't4', text: 'and also', status: 'folded', foldedInto: 't3' });
    await addTurn(sql, { turnId: 't5', text: 'now', status: 'running' });
    await addTurn(sql, { turnId: 't6', text: 'later', answerText: 'later' });
    await addTurn(sql, { turnId: 'x1', text: 'other', answerText: 'other', conversationId: 'c2' });
    const history = createTurnHistory(sql, SCOPE);
    const read = (maxTurns: number, maxCharacters: number) =>
      history.recentExchanges('c1', 't5', { maxTurns, maxCharacters });
    expect(await read(10, 1000)).toMatchObject([
      { turn_id: 't1', user: 'first', assistant: 'one' },
      { turn_id: 't3', user: 'second\n\nand also', assistant: 'two' },
    ]);
    expect((await read(1, 1000)).map((turn) => turn.turn_id)).toEqual(['t3']);
    expect((await read(10, 20)).map((turn) => turn.turn_id)).toEqual(['t3']);
    expect(await history.countMessages('c1')).toBe(6);
  },
);

postgresTest(
  'feedback is set, changed, shown with its turn and taken back, by its owner alone',
  async ({ postgres: { sql } }) => {
    await addTurn(sql, { turnId: 't1', text: 'one' });
    const feedback = createFeedback(sql, SCOPE);
    const shown = async () =>
      (await createTurnHistory(sql, SCOPE).listTurns('ann', 'c1', { materialize: false }))[0]?.feedback;
    expect(await feedback.set('ann', 'c1', 't1', { reaction: 'ok' })).toBe(true);
    expect(await feedback.set('ann', 'c1', 't1', { reaction: 'not_ok', text: 'Wrong\0.' })).toBe(true);
    expect(await shown()).toEqual({ reaction: 'not_ok', text: 'Wrong\uFFFD.' });
    expect(await feedback.set('bob', 'c1', 't1', { reaction: null })).toBe(false);
    expect(await feedback.set('ann', 'c2', 't1', { reaction: 'ok' })).toBe(false);
    expect(await shown()).toMatchObject({ reaction: 'not_ok' });
    expect(await feedback.set('ann', 'c1', 't1', { reaction: null })).toBe(true);
    expect(await shown()).toBeNull();
  },
);
