import { expect, test } from 'vitest';
import { createUpstreamPool } from './upstream-pool.ts';

const A = new URL('http://a:1');
const B = new URL('http://b:1');
const C = new URL('http://c:1');

test('the least busy address is taken, and equals by turns', () => {
  const pool = createUpstreamPool([A, B, C]);
  const leases = [pool.take(), pool.take(), pool.take()];
  expect(new Set(leases.map((lease) => lease?.target))).toEqual(new Set([A, B, C]));
  const atB = leases.find((lease) => lease?.target === B);
  atB?.release();
  atB?.release();
  expect(pool.take()?.target).toBe(B);
  // Released twice, counted once: all three have one again.
  const next = [pool.take(), pool.take(), pool.take()].map((lease) => lease?.target);
  expect(new Set(next)).toEqual(new Set([A, B, C]));
});

test('one that is down is asked only when no other is left', () => {
  const pool = createUpstreamPool([A, B]);
  const first = pool.take();
  first?.reportDown();
  const other = first?.target === A ? B : A;
  for (let index = 0; index < 5; index += 1) expect(pool.take()?.target).toBe(other);
  expect(pool.take([other])?.target).toBe(first?.target);
  expect(pool.take([A, B])).toBeUndefined();
});

test('one that is seen to answer is asked again', () => {
  const pool = createUpstreamPool([A, B]);
  for (const member of pool.members) member.setUp(member.target === B);
  expect([pool.take(), pool.take()].map((lease) => lease?.target)).toEqual([B, B]);
  for (const member of pool.members) member.setUp(true);
  expect(pool.take()?.target).toBe(A);
});

test('when all are down they are still asked', () => {
  const pool = createUpstreamPool([A, B]);
  for (const member of pool.members) member.setUp(false);
  expect(new Set([pool.take(), pool.take()].map((lease) => lease?.target))).toEqual(new Set([A, B]));
});
