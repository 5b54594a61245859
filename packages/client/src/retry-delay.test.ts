import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRetryDelay } from './retry-delay.ts';

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('waits are spread over a doubling window with a ceiling', () => {
  fc.assert(
    fc.property(fc.nat(50), unit, (failures, r) => {
      const delay = decideRetryDelay({ failures }, () => r);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThan(Math.min(15_000, 1_000 * 2 ** failures) + 1);
    }),
  );
});

test('a farewell is followed at once, but only the first time', () => {
  expect(decideRetryDelay({ failures: 0, farewell: true }, () => 0.9)).toBe(0);
  expect(decideRetryDelay({ failures: 1, farewell: true }, () => 0.9)).toBe(1_800);
});

test('Retry-After is kept, with a spread after it', () => {
  expect(decideRetryDelay({ failures: 0, retryAfterMs: 30_000 }, () => 0.5)).toBe(30_500);
});
