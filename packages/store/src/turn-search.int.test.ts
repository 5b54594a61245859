import { searchAnswerSchema } from '@switchyard/protocol';
import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { addTurn, SCOPE } from '../test/add-turn.ts';
import { createConversations } from './conversations.ts';
import type { Sql } from './sql.ts';
import { createSearch } from './turn-search.ts';

async function setUp(sql: Sql) {
  const conversations = createConversations(sql, SCOPE);
  for (const [conversationId, userId] of [
    ['c1', 'ann'],
    ['c2', 'ann'],
    ['c3', 'bob'],
  ] as const) {
    await conversations.open({ conversationId, userId, sessionId: 's1', bundleId: 'hello' });
  }
  await addTurn(sql, {
    turnId: 't1',
    text: 'How do leases expire?',
    answerText: 'A lease expires after five seconds without renewal.',
  });
  await addTurn(sql, {
    turnId: 't2',
    conversationId: 'c2',
    text: 'Bake bread',
    answerText: 'Flour, water, salt, yeast.',
  });
  await addTurn(sql, {
    turnId: 't3',
    conversationId: 'c3',
    userId: 'bob',
    text: 'My lease',
    answerText: 'is secret',
  });
  await conversations.change('ann', 'c2', { title: 'Kitchen' });
  const search = createSearch(sql, SCOPE, conversations);
  return { conversations, find: (text: string) => search.search('ann', text, 20) };
}

postgresTest(
  'finds own turns by word forms, phrases and half a word, and shows where',
  async ({ postgres: { sql } }) => {
    const { find } = await setUp(sql);
    const found = await find('expiring lease');
    expect(searchAnswerSchema.parse(found)).toEqual(found);
    expect(found.hits).toMatchObject([{ turn_id: 't1', conversation_id: 'c1' }]);
    expect(found.hits[0]?.snippet).toContain('**expires**');
    expect(found.conversations.map((item) => item.conversation_id)).toEqual(['c1']);
    expect((await find('"five seconds"')).hits).toHaveLength(1);
    expect((await find('yea')).hits).toMatchObject([{ turn_id: 't2' }]);
  },
);

postgresTest(
  'titles count, a question falls back to any of its words, nonsense finds nothing',
  async ({ postgres: { sql } }) => {
    const { find } = await setUp(sql);
    expect(await find('kitchen')).toMatchObject({ hits: [], conversations: [{ conversation_id: 'c2' }] });
    expect((await find('what did you tell me about yeast and elephants')).hits).toMatchObject([
      { turn_id: 't2' },
    ]);
    expect(await find('elephants')).toEqual({ hits: [], conversations: [] });
    expect(await find('the of and')).toEqual({ hits: [], conversations: [] });
    expect(await find(`'; drop table turn; -- :* & | ! ( <-> \0`)).toMatchObject({ hits: [] });
  },
);

postgresTest("another user's and deleted conversations are not found", async ({ postgres: { sql } }) => {
  const { conversations, find } = await setUp(sql);
  expect((await find('secret')).hits).toEqual([]);
  await conversations.markDeleted('ann', 'c1');
  expect((await find('lease')).hits).toEqual([]);
});

postgresTest(
  'a row with a huge text can be written and found by its beginning',
  async ({ postgres: { sql } }) => {
    const { find } = await setUp(sql);
    const words = Array.from({ length: 60_000 }, (_, index) => `wörd${index.toString(36)}`).join(' ');
    await addTurn(sql, { turnId: 't9', text: 'Zebra', answerText: words });
    await addTurn(sql, { turnId: 't10', text: '字'.repeat(32_000), answerText: '漢 '.repeat(200_000) });
    expect((await find('zebra')).hits).toMatchObject([{ turn_id: 't9' }]);
  },
);
