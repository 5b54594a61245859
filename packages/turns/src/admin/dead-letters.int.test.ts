import { expect } from 'vitest';
import { makeDead } from '../../test/make-dead.ts';
import { clock, ids, turnsTest } from '../../test/stage.ts';
import { createTurnsAdmin } from './create-turns-admin.ts';
import type { TurnsAdmin } from './create-turns-admin.ts';
import { turnsConfigSchema } from '../turns-config.ts';

const test = turnsTest.extend<{ admin: TurnsAdmin }>({
  admin: async ({ stage, redis }, use) => {
    await stage.openEpoch();
    await stage.beat();
    const scope = { tenant: redis.tenant, project: redis.project };
    const config = { ...turnsConfigSchema.parse({}), queueFactor: 3, oldestWaitLimit: 30_000 };
    await use(createTurnsAdmin({ ...stage, scope, config, clock, ids }));
  },
});

const refusal = (type: string) => ({ status: 422, errorType: `dead_letter.${type}` });

test('a dead message is tried again as a new turn, once, however often it is asked for at the same moment', async ({
  stage,
  admin,
}) => {
  const [dead] = await makeDead(stage, [{ messageId: 'm1', text: 'again' }]);
  const turnId = dead?.turn_id ?? '';
  expect((await admin.deadLetters({ limit: 10 })).items).toMatchObject([
    { turn_id: turnId, user_id: 'u1', error: { error_type: 'turn_dead' }, retry_of: null },
  ]);
  const clicks = await Promise.all(Array.from({ length: 8 }, () => admin.retry(turnId, 'r-click')));
  const newIds = new Set(clicks.map(({ answer }) => answer.retried_as));
  expect(newIds.size).toBe(1);
  expect(clicks.filter(({ answer }) => !answer.is_repeat)).toHaveLength(1);
  const [newId = ''] = newIds;
  await expect.poll(() => stage.status(newId)).toBe('completed');
  expect((await admin.retry(turnId, 'r-late')).answer).toMatchObject({ retried_as: newId, is_repeat: true });
  const rows = await stage.sql.query<{ turn_id: string; status: string; answer_text: string | null }>({
    text: 'select turn_id, status, answer_text from turn order by seq',
  });
  expect(rows).toEqual([
    { turn_id: turnId, status: 'dead', answer_text: null },
    { turn_id: newId, status: 'completed', answer_text: 'again' },
  ]);
  expect(await admin.turn(turnId)).toMatchObject({ turn: { retried_as: newId, dead_letter: 'retried' } });
  expect(await admin.turn(newId)).toMatchObject({ turn: { retry_of: turnId, dead_letter: null } });
  expect((await admin.deadLetters({ limit: 10 })).items).toEqual([]);
  // One terminal event for each turn (promise 4), the first one's included.
  const ends = (await stage.log()).filter((line) => /^chat_(complete|error)$/.test(line.event));
  expect(ends.map((line) => [line.turnId, line.event])).toEqual([
    [turnId, 'chat_error'],
    [newId, 'chat_complete'],
  ]);
});

test('a retry that dies between its row and its lane is brought to the end by the next click', async ({
  stage,
  admin,
  redis,
}) => {
  const [dead] = await makeDead(stage, [{ messageId: 'm1' }]);
  const scope = { tenant: redis.tenant, project: redis.project };
  const closed = await stage.connect();
  closed.driver.disconnect();
  const config = { ...turnsConfigSchema.parse({}), queueFactor: 3, oldestWaitLimit: 0 };
  const dying = createTurnsAdmin({ ...stage, redis: closed, scope, config, clock, ids });
  await expect(dying.retry(dead?.turn_id ?? '', 'r1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await admin.turn(dead?.turn_id ?? '')).toMatchObject({ turn: { dead_letter: 'retried' } });
  const { answer } = await admin.retry(dead?.turn_id ?? '', 'r2');
  expect(answer.is_repeat).toBe(true);
  await expect.poll(() => stage.status(answer.retried_as)).toBe('completed');
});

test('drop and retry exclude each other; what is not dead is neither', async ({ stage, admin }) => {
  const [one, two] = await makeDead(stage, [
    { messageId: 'm1', conversationId: 'c1' },
    { messageId: 'm2', conversationId: 'c2' },
  ]);
  const [first, second] = [one?.turn_id ?? '', two?.turn_id ?? ''];
  await admin.drop(first);
  await expect(admin.drop(first)).rejects.toMatchObject(refusal('dropped'));
  await expect(admin.retry(first, 'r')).rejects.toMatchObject(refusal('dropped'));
  const { answer } = await admin.retry(second, 'r');
  await expect(admin.drop(second)).rejects.toMatchObject(refusal('retried'));
  await expect.poll(() => stage.status(answer.retried_as)).toBe('completed');
  await expect(admin.drop(answer.retried_as)).rejects.toMatchObject(refusal('not_dead'));
  await expect(admin.retry(answer.retried_as, 'r')).rejects.toMatchObject(refusal('not_dead'));
  await expect(admin.retry('turn_unknown', 'r')).rejects.toMatchObject({ status: 404 });
  await expect(admin.drop('turn_unknown')).rejects.toMatchObject({ status: 404 });
});

test('eight drops and eight retries at once: one decision, and a turn only if it was a retry', async ({
  stage,
  admin,
}) => {
  const [dead] = await makeDead(stage, [{ messageId: 'm1' }]);
  const turnId = dead?.turn_id ?? '';
  await Promise.allSettled(
    Array.from({ length: 16 }, (_, index) =>
      index % 2 === 0 ? admin.drop(turnId) : admin.retry(turnId, 'r'),
    ),
  );
  const view = await admin.turn(turnId);
  const [count] = await stage.sql.query<{ turns: number }>({ text: 'select count(*) as turns from turn' });
  expect(count?.turns).toBe(view?.turn?.dead_letter === 'retried' ? 2 : 1);
  expect(view?.turn?.dead_letter).not.toBeNull();
});

test('the message of a deleted conversation is not tried again, and stays a dead letter', async ({
  stage,
  admin,
}) => {
  const [dead] = await makeDead(stage, [{ messageId: 'm1' }]);
  await stage.sql.query({ text: 'update conversation set deleted_at = now()' });
  await expect(admin.retry(dead?.turn_id ?? '', 'r')).rejects.toMatchObject(refusal('conversation_deleted'));
  expect((await admin.deadLetters({ limit: 10 })).items).toHaveLength(1);
});

test('a page of dead letters reads its own rows, whatever else the table holds', async ({
  stage,
  admin,
  redis,
}) => {
  await stage.sql.query({
    text: `insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id,
        message_id, kind, status, request, error, ended_at)
      select $1, $2, 'turn_' || n, 'task_' || n, 'c', 'u1', 's1', 'paid', 'hello', 'm' || n, 'message',
        case when n % 40 = 0 then 'dead' else 'completed' end, '{}',
        case when n % 40 = 0 then '{"error":"x","error_type":"turn_dead"}'::jsonb end, now()
      from generate_series(1, 20000) n`,
    values: [redis.tenant, redis.project],
  });
  await stage.sql.query({ text: 'analyze turn' });
  const seen: number[] = [];
  let before: number | undefined;
  do {
    const page = await admin.deadLetters({ limit: 120, before });
    seen.push(...page.items.map((item) => Number(item.turn_id.slice('turn_'.length))));
    before = page.next_before ?? undefined;
  } while (before !== undefined);
  expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => 20_000 - 40 * index));
  const { readDeadLetters } = await import('../sql/admin-reads.ts');
  const statement = readDeadLetters({ tenant: redis.tenant, project: redis.project }, undefined, 50);
  const plan = await stage.sql.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>({
    text: `explain (analyze, format json) ${statement.text}`,
    values: statement.values ?? [],
  });
  const scan = scanOf(plan[0]?.['QUERY PLAN'][0].Plan);
  expect(scan).toMatchObject({ 'Index Name': 'turn_dead', 'Actual Rows': 50 });
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}

function scanOf(plan: Plan | undefined): Plan | undefined {
  return plan?.['Index Name'] === undefined ? plan?.Plans?.map(scanOf).find(Boolean) : plan;
}
