import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRetryDelay, retry } from './retry.ts';

const rule = { attempts: 3, minMs: 1, maxMs: 4 };
const failing = (code: string) => Object.assign(new Error(code), { code });

test('an error in the table is tried again until its attempts are spent', async () => {
  let calls = 0;
  const run = () => {
    calls += 1;
    return Promise.reject(failing('ECONNRESET'));
  };
  await expect(retry(run, { table: { ECONNRESET: rule }, random: () => 0 })).rejects.toThrow('ECONNRESET');
  expect(calls).toBe(4);
});

test('an error that is not in the table is thrown at once', async () => {
  let calls = 0;
  const run = () => {
    calls += 1;
    return Promise.reject(failing('23505'));
  };
  await expect(retry(run, { table: { ECONNRESET: rule }, random: () => 0 })).rejects.toThrow('23505');
  expect(calls).toBe(1);
});

test('a pause is never over the limit and never under half of its step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const delay = decideRetryDelay({ attempts: 20, minMs: 50, maxMs: 1000 }, attempt, () => random);
        const ceiling = Math.min(1000, 50 * 2 ** (attempt - 1));
        expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
        expect(delay).toBeLessThanOrEqual(ceiling);
      },
    ),
  );
});
