import { expect, test } from 'vitest';
import { LogBudget } from './log-budget.ts';

test('lets so many lines a second pass and counts the others', () => {
  let now = 0;
  const budget = new LogBudget(2, () => now);
  expect([budget.take(), budget.take(), budget.take(), budget.take()]).toEqual([true, true, false, false]);
  expect(budget.takeDropped()).toBe(2);
  expect(budget.takeDropped()).toBe(0);
  now = 5000;
  expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
});
