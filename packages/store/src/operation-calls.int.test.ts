import { postgresTest as test } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createOperationCalls } from './operation-calls.ts';

const SCOPE = { tenant: 't', project: 'p' };
const CALL = { userId: 'ann', bundleId: 'desk', operation: 'order', key: 'k1' };
const NOW = { sha256: 'a', holdMs: 60_000, keepMs: 60_000 };

test('of many with one key one makes the call; the others are told how it stands', async ({
  postgres: { sql },
}) => {
  const calls = createOperationCalls(sql, SCOPE);
  const claims = await Promise.all(
    Array.from({ length: 10 }, (_, at) => calls.claim(CALL, { ...NOW, token: `t${at}` })),
  );
  const [made] = claims.filter(({ kind }) => kind === 'claimed');
  expect(claims.map(({ kind }) => kind).toSorted()).toEqual(['claimed', ...Array(9).fill('running')]);
  const token = made?.kind === 'claimed' ? made.token : '';
  expect((await calls.claim(CALL, { ...NOW, sha256: 'b', token: 'x' })).kind).toBe('differs');
  await calls.answer(CALL, 'of somebody else', { wrong: true });
  await calls.answer(CALL, token, { order: 7 });
  // An end that comes late changes nothing.
  await calls.end(CALL, token, 'unknown', 'timeout');
  await calls.forget(CALL, token);
  expect(await calls.claim(CALL, { ...NOW, token: 'x' })).toEqual({ kind: 'answered', answer: { order: 7 } });
});

test('who lets a call lie has lost it; it is never taken over, and a late answer still counts', async ({
  postgres: { sql },
}) => {
  const calls = createOperationCalls(sql, SCOPE);
  await calls.claim(CALL, { ...NOW, holdMs: -1, token: 'first' });
  const asked = () => calls.claim(CALL, { ...NOW, token: 'second' });
  expect(await asked()).toMatchObject({ kind: 'unknown', reason: 'worker_lost' });
  expect(await asked()).toMatchObject({ kind: 'unknown', reason: 'worker_lost' });
  await calls.answer(CALL, 'first', 'late');
  expect(await asked()).toEqual({ kind: 'answered', answer: 'late' });
});

test('what is past its time is swept, and its key means a new call', async ({ postgres: { sql } }) => {
  const calls = createOperationCalls(sql, SCOPE);
  await calls.claim(CALL, { ...NOW, keepMs: -1, token: 'first' });
  await calls.end(CALL, 'first', 'unknown', 'timeout');
  expect(await calls.claim(CALL, { ...NOW, sha256: 'b', keepMs: -1, token: 'second' })).toMatchObject({
    kind: 'claimed',
  });
  const kept = { ...CALL, key: 'k2' };
  await calls.claim(kept, { ...NOW, token: 'third' });
  await calls.sweep(100);
  const left = await sql.query({ text: 'select call_key from operation_call' });
  expect(left).toEqual([{ call_key: 'k2' }]);
});
