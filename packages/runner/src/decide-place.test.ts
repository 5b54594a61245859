import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideHost, decidePlace, keptForEach, totalOf } from './decide-place.ts';
import { POOLS } from './invocation.ts';
import type { PoolName } from './invocation.ts';

const counts = (some: Partial<Record<PoolName, number>> = {}) => ({
  turn: 0,
  operation: 0,
  web: 0,
  job: 0,
  predict: 0,
  ...some,
});
const host = (capacity: number, running: Partial<Record<PoolName, number>> = {}) => ({
  capacity,
  running: counts(running),
});

test('pools that wait take turns, so that a line of one cannot hold up another', () => {
  const at = (lastServed: PoolName | undefined) =>
    decidePlace({
      hosts: [host(1)],
      waiting: counts({ turn: 1, operation: 500 }),
      pools: ['turn', 'operation'],
      lastServed,
    })?.pool;
  expect([at(undefined), at('turn'), at('operation'), at('predict')]).toEqual([
    'turn',
    'operation',
    'turn',
    'turn',
  ]);
});

test('the host with the fewest invocations is taken, a full one never', () => {
  const hosts = [host(2, { turn: 2 }), host(4, { turn: 2 }), host(4, { turn: 1 })];
  expect(decideHost({ hosts, pools: ['turn'] }, 'turn')).toBe(2);
  expect(decideHost({ hosts: [host(2, { turn: 2 })], pools: ['turn'] }, 'turn')).toBeUndefined();
});

test('a bundle that only answers turns has all its places for them', () => {
  expect(decideHost({ hosts: [host(64, { turn: 63 })], pools: ['turn'] }, 'turn')).toBe(0);
});

test('a flood leaves the other pools what is kept for them', () => {
  const running = counts();
  const take = (pool: PoolName) => {
    if (decideHost({ hosts: [{ capacity: 64, running }], pools: ['turn', 'operation', 'web'] }, pool) !== 0)
      return false;
    running[pool] += 1;
    return true;
  };
  while (take('operation'));
  while (take('web'));
  expect(running).toEqual(counts({ operation: 54, web: 5 }));
  while (take('turn'));
  expect(running).toEqual(counts({ operation: 54, web: 5, turn: 5 }));
});

test('a small host keeps one place for each pool, as long as half of it is left to share', () => {
  const pools: PoolName[] = ['turn', 'operation', 'web'];
  const most = (capacity: number) => {
    const running = counts();
    while (decideHost({ hosts: [{ capacity, running }], pools }, 'web') !== undefined) running.web += 1;
    return running.web;
  };
  expect([1, 5, 6, 8, 12, 24, 64].map(most)).toEqual([1, 5, 4, 6, 10, 20, 54]);
});

test('whatever floods, each pool comes to its kept places, and no host is over its capacity', () => {
  const pool = fc.constantFrom(...POOLS);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.array(pool, { maxLength: 300 }), (capacity, asked) => {
      const running = counts();
      for (const one of asked) {
        if (decideHost({ hosts: [{ capacity, running }], pools: POOLS }, one) !== undefined)
          running[one] += 1;
      }
      expect(totalOf(running)).toBeLessThanOrEqual(capacity);
      const kept = keptForEach(capacity, POOLS.length);
      expect(kept).toBeGreaterThanOrEqual(capacity >= 2 * POOLS.length ? 1 : 0);
      for (const one of POOLS) {
        while (running[one] < kept) {
          expect(decideHost({ hosts: [{ capacity, running }], pools: POOLS }, one)).toBe(0);
          running[one] += 1;
        }
      }
      expect(totalOf(running)).toBeLessThanOrEqual(capacity);
    }),
  );
});
