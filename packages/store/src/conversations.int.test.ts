import { postgresTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { addTurn, SCOPE } from '../test/add-turn.ts';
import { createConversations } from './conversations.ts';
import type { Sql } from './sql.ts';

const QUERY = { last_n: 50, include_titles: true, archived: false };

async function addConversations(sql: Sql, count: number, userId = 'ann'): Promise<void> {
  await sql.query({
    text: `insert into conversation (tenant, project, conversation_id, user_id, session_id, bundle_id, title, started_at, last_activity_at)
      select 'demo', 'main', $2 || '-c' || lpad(n::text, 3, '0'), $2, 's1', 'hello', 'Title ' || n,
        now() - make_interval(days => n), now() - make_interval(days => n / 2) from generate_series(1, $1::int) n`,
    values: [count, userId],
  });
}

describe('list', () => {
  postgresTest(
    'pages without a gap or a repeat, also where times are equal and rows are pinned',
    async ({ postgres: { sql } }) => {
      const conversations = createConversations(sql, SCOPE);
      await addConversations(sql, 23);
      await addConversations(sql, 5, 'bob');
      await conversations.change('ann', 'ann-c017', { pinned: true });
      const seen: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await conversations.list('ann', {
          ...QUERY,
          last_n: 5,
          ...(cursor === undefined ? {} : { cursor }),
        });
        seen.push(...page.items.map((item) => item.conversation_id));
        cursor = page.next_cursor ?? undefined;
        pages += 1;
      } while (cursor !== undefined);
      expect(pages).toBe(5);
      expect(seen[0]).toBe('ann-c017');
      expect(seen).toHaveLength(23);
      expect(new Set(seen).size).toBe(23);
      expect(seen.every((id) => id.startsWith('ann-'))).toBe(true);
    },
  );

  postgresTest('a row that moves up between two pages is not repeated', async ({ postgres: { sql } }) => {
    const conversations = createConversations(sql, SCOPE);
    await addConversations(sql, 6);
    const first = await conversations.list('ann', { ...QUERY, last_n: 3 });
    await conversations.open({
      conversationId: 'ann-c006',
      userId: 'ann',
      sessionId: 's1',
      bundleId: 'hello',
    });
    const next = await conversations.list('ann', { ...QUERY, last_n: 3, cursor: first.next_cursor ?? '' });
    const ids = [...first.items, ...next.items].map((item) => item.conversation_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(next.next_cursor).toBeNull();
  });

  postgresTest(
    'days, started_after, include_titles and archived narrow it',
    async ({ postgres: { sql } }) => {
      const conversations = createConversations(sql, SCOPE);
      await addConversations(sql, 10);
      const length = async (query: object) =>
        (await conversations.list('ann', { ...QUERY, ...query })).items.length;
      expect(await length({ days: 2 })).toBe(3);
      expect(await length({ started_after: new Date(Date.now() - 4.5 * 86_400_000).toISOString() })).toBe(4);
      const untitled = await conversations.list('ann', { ...QUERY, include_titles: false });
      expect(untitled.items.every((item) => item.title === null)).toBe(true);
      await conversations.change('ann', 'ann-c001', { archived: true });
      expect(await length({})).toBe(9);
      expect(await length({ archived: true })).toBe(1);
    },
  );

  postgresTest('refuses a cursor that is not its own', async ({ postgres: { sql } }) => {
    const conversations = createConversations(sql, SCOPE);
    await expect(conversations.list('ann', { ...QUERY, cursor: 'bm9wZQ' })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  postgresTest('times are written to the microsecond', async ({ postgres: { sql } }) => {
    const conversations = createConversations(sql, SCOPE);
    await addConversations(sql, 1);
    const [item] = (await conversations.list('ann', QUERY)).items;
    expect(item?.last_activity_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });
});

describe('ownership', () => {
  postgresTest(
    "somebody else's conversation is as not there in every call",
    async ({ postgres: { sql } }) => {
      const conversations = createConversations(sql, SCOPE);
      const mine = { conversationId: 'c1', userId: 'ann', sessionId: 's1', bundleId: 'hello' };
      expect(await conversations.open(mine)).toEqual({ bundle_id: 'hello', title: null, created: true });
      expect(await conversations.open(mine)).toMatchObject({ created: false });
      expect(await conversations.open({ ...mine, userId: 'bob' })).toBeUndefined();
      expect(await conversations.find('bob', 'c1')).toBeUndefined();
      await expect(conversations.own('bob', 'c1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(conversations.status('bob', 'nowhere')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await conversations.change('bob', 'c1', { title: 'Mine' })).toBeUndefined();
      expect(await conversations.markDeleted('bob', 'c1')).toBeUndefined();
      expect(await conversations.listById('bob', ['c1'])).toEqual([]);
      expect(await conversations.find('ann', 'c1')).toMatchObject({ title: null, session_id: 's1' });
      expect(
        await createConversations(sql, { tenant: 'other', project: 'main' }).find('ann', 'c1'),
      ).toBeUndefined();
    },
  );

  postgresTest('of many who take one new id at once exactly one gets it', async ({ postgres: { sql } }) => {
    const conversations = createConversations(sql, SCOPE);
    const users = Array.from({ length: 20 }, (_, index) => `user${index}`);
    const opened = await Promise.all(
      users.map((userId) =>
        conversations.open({ conversationId: 'c1', userId, sessionId: 's1', bundleId: 'hello' }),
      ),
    );
    expect(opened.filter((row) => row?.created === true)).toHaveLength(1);
    expect(opened.filter((row) => row === undefined)).toHaveLength(19);
  });
});

describe('state', () => {
  postgresTest('follows the newest message', async ({ postgres: { sql } }) => {
    const conversations = createConversations(sql, SCOPE);
    await conversations.open({ conversationId: 'c1', userId: 'ann', sessionId: 's1', bundleId: 'hello' });
    const status = () => conversations.status('ann', 'c1');
    expect(await status()).toMatchObject({ state: 'idle', current_turn_id: null });
    await addTurn(sql, { turnId: 't1', status: 'failed' });
    expect(await status()).toMatchObject({ state: 'error', current_turn_id: null });
    await addTurn(sql, { turnId: 't2', status: 'running' });
    await addTurn(sql, { turnId: 't3', status: 'queued' });
    expect(await status()).toMatchObject({ state: 'in_progress', current_turn_id: 't2' });
    await sql.query({
      text: `update turn set status = 'cancelled', ended_at = now() where turn_id in ('t2', 't3')`,
    });
    expect(await status()).toMatchObject({ state: 'idle', current_turn_id: null });
    await addTurn(sql, { turnId: 't4', status: 'queued', kind: 'steer' });
    expect(await status()).toMatchObject({ state: 'idle' });
  });
});

describe('titles', () => {
  postgresTest(
    "a bundle's title replaces the first words, and nothing replaces the user's",
    async ({ postgres: { sql } }) => {
      const conversations = createConversations(sql, SCOPE);
      await conversations.open({ conversationId: 'c1', userId: 'ann', sessionId: 's1', bundleId: 'hello' });
      expect(await conversations.suggestTitle('c1', 'How do I', 'message')).toEqual({ title: 'How do I' });
      expect(await conversations.suggestTitle('c1', 'Leases', 'bundle')).toEqual({ title: 'Leases' });
      expect(await conversations.suggestTitle('c1', 'And now', 'message')).toBeUndefined();
      expect(await conversations.change('ann', 'c1', { title: 'Mine' })).toMatchObject({ title: 'Mine' });
      expect(await conversations.suggestTitle('c1', 'Better', 'bundle')).toBeUndefined();
    },
  );
});

describe('delete', () => {
  postgresTest(
    'removes turns, feedback and files, keeps the id taken, and touches no neighbour',
    async ({ postgres: { sql } }) => {
      const conversations = createConversations(sql, SCOPE);
      for (const conversationId of ['c1', 'c2']) {
        await conversations.open({ conversationId, userId: 'ann', sessionId: 's1', bundleId: 'hello' });
        await addTurn(sql, { turnId: `${conversationId}-t`, conversationId, text: 'words' });
        await sql.query({
          text: `insert into feedback (tenant, project, turn_id, user_id, reaction) values ('demo', 'main', $1, 'ann', 'ok')`,
          values: [`${conversationId}-t`],
        });
      }
      expect(await conversations.removeContents('c1')).toEqual({ turns: 0, files: 0 });
      await conversations.change('ann', 'c1', { title: 'Secret' });
      expect(await conversations.markDeleted('ann', 'c1')).toEqual({ session_id: 's1' });
      expect(await conversations.markDeleted('ann', 'c1')).toBeUndefined();
      expect(await conversations.find('ann', 'c1')).toBeUndefined();
      expect(await conversations.listUnremoved(10)).toEqual(['c1']);
      expect(await conversations.removeContents('c1')).toEqual({ turns: 1, files: 0 });
      expect(await conversations.listUnremoved(10)).toEqual([]);
      expect(await sql.query({ text: 'select turn_id from feedback' })).toEqual([{ turn_id: 'c2-t' }]);
      expect(
        await sql.query({ text: `select title from conversation where conversation_id = 'c1'` }),
      ).toEqual([{ title: null }]);
      expect(
        await conversations.open({ conversationId: 'c1', userId: 'ann', sessionId: 's1', bundleId: 'hello' }),
      ).toBeUndefined();
      expect((await conversations.list('ann', QUERY)).items.map((item) => item.conversation_id)).toEqual([
        'c2',
      ]);
    },
  );
});
