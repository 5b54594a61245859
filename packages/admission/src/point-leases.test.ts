import { expect, test } from 'vitest';
import { createPointLeases, decideLease } from './point-leases.ts';

const RATE = { calls: 400, windowSec: 60 };
const KEY = '60:ann';

test.each([
  ['the first one', { size: 0, points: 0, remaining: 300 }, 1],
  ['used up: twice as many', { size: 4, points: 0, remaining: 300 }, 8],
  ['not used up: as many as were used', { size: 16, points: 11, remaining: 300 }, 5],
  ['a twentieth of the window at most', { size: 16, points: 0, remaining: 300 }, 20],
  ['none near the end of the window', { size: 16, points: 0, remaining: 79 }, 0],
])('%s', (_what, last, size) => {
  expect(decideLease(RATE, last)).toBe(size);
});

test('a small window has no leases', () => {
  expect(decideLease({ calls: 19, windowSec: 60 }, { size: 0, points: 0, remaining: 18 })).toBe(0);
});

test('points are used for a second, and go back after another one', () => {
  let now = 0;
  const leases = createPointLeases({ monotonic: () => now });
  expect([leases.use(KEY), leases.wanted(KEY, RATE)]).toEqual([false, 0]);
  leases.keep(KEY, RATE, 0, { remaining: 399, windowMs: 60_000 });
  expect(leases.wanted(KEY, RATE)).toBe(1);
  leases.keep(KEY, RATE, 3, { remaining: 395, windowMs: 60_000 });
  expect([leases.use(KEY), leases.use(KEY)]).toEqual([true, true]);
  now = 1000;
  expect(leases.use(KEY)).toBe(false);
  // Two of three were used, and one is there still.
  expect(leases.wanted(KEY, RATE)).toBe(1);
  expect(leases.takeLeftOver()).toEqual([]);
  now = 2000;
  expect(leases.takeLeftOver()).toEqual([{ key: KEY, rate: RATE, points: 1 }]);
  expect(leases.count).toBe(0);
});

test('a window that is over takes its points with it', () => {
  let now = 0;
  const leases = createPointLeases({ monotonic: () => now });
  leases.keep(KEY, RATE, 5, { remaining: 300, windowMs: 500 });
  now = 500;
  expect(leases.use(KEY)).toBe(false);
  leases.keep(KEY, RATE, 0, { remaining: 399, windowMs: 60_000 });
  expect(leases.use(KEY)).toBe(false);
  now = 3000;
  expect(leases.takeLeftOver()).toEqual([]);
});
