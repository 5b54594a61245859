import { postgresTest as test } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createWebResponses } from './web-responses.ts';

const LIMITS = { pendingMs: 3_600_000, answeredMs: 300_000, limit: 100 };
const ANSWER = { status: 201, headers: [['x-by', 'job'] as [string, string]], body: null };

test('an answer that nobody fetched goes five minutes after it came, a request without one after its own time', async ({
  postgres: { sql },
}) => {
  const responses = createWebResponses(sql, { tenant: 't', project: 'p' });
  const others = createWebResponses(sql, { tenant: 't', project: 'other' });
  const left = async () =>
    (await sql.query<{ id: string }>({ text: 'select request_id as id from web_response order by id' })).map(
      ({ id }) => id,
    );
  const make = async (requestId: string, minutes: number, isAnswered: boolean, of = responses) => {
    await of.accept({ requestId, bundleId: 'b', site: 's' });
    if (isAnswered) expect((await of.answer({ requestId, bundleId: 'b' }, ANSWER))?.isFirst).toBe(true);
    await sql.query({
      text: `update web_response set created_at = now() - $2 * interval '1 minute' where request_id = $1`,
      values: [requestId, minutes],
    });
  };
  await make('answered-4', 4, true);
  await make('answered-6', 6, true);
  await make('pending-59', 59, false);
  await make('pending-61', 61, false);
  await make('elsewhere-6', 6, true, others);
  await responses.sweep({ ...LIMITS, limit: 1 });
  expect(await left()).toHaveLength(4);
  await responses.sweep(LIMITS);
  expect(await left()).toEqual(['answered-4', 'pending-59']);
  // Its time counts from the answer on: work of an hour is not forgotten the moment it is done.
  await responses.answer({ requestId: 'pending-59', bundleId: 'b' }, ANSWER);
  await responses.sweep(LIMITS);
  expect(await left()).toEqual(['answered-4', 'pending-59']);
});

test('of two answers one is the first, and of another bundle none', async ({ postgres: { sql } }) => {
  const responses = createWebResponses(sql, { tenant: 't', project: 'p' });
  await responses.accept({ requestId: 'r', bundleId: 'b', site: 's' });
  const answer = (status: number, bundleId = 'b') =>
    responses.answer({ requestId: 'r', bundleId }, { ...ANSWER, status });
  expect(await answer(200, 'thief')).toBeUndefined();
  const told = await Promise.all([answer(201), answer(202), answer(203)]);
  const [first] = told.filter((one) => one?.isFirst);
  expect(told.filter((one) => one?.isFirst)).toHaveLength(1);
  expect(told.map((one) => one?.status)).toEqual([first?.status, first?.status, first?.status]);
  expect(await responses.find('r', 'other')).toBeUndefined();
  expect(await responses.find('r', 's')).toMatchObject({
    kind: 'answered',
    answer: { status: first?.status },
  });
});
