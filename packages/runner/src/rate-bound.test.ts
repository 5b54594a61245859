import { expect, test } from 'vitest';
import { RateBound } from './rate-bound.ts';

test('is exceeded by more than the rate allows since the last look', () => {
  let now = 0;
  const bound = new RateBound(1000, () => now);
  const come = (count: number) => {
    for (let one = 0; one < count; one += 1) bound.add();
  };
  come(250);
  now = 250;
  expect(bound.isExceeded()).toBe(false);
  come(251);
  now = 500;
  expect(bound.isExceeded()).toBe(true);
  come(90);
  now = 501;
  expect(bound.isExceeded()).toBe(false);
});
