import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startInterval } from './worker-parts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('work that says when it is wanted again runs then, never later than always, and otherwise as always', async () => {
  const says = [50, 5000, undefined];
  let runs = 0;
  const interval = startInterval(
    async () => says[runs++],
    1000,
    () => undefined,
  );
  const runsAfter = async (ms: number): Promise<number> => {
    await vi.advanceTimersByTimeAsync(ms);
    return runs;
  };
  expect([await runsAfter(999), await runsAfter(1)]).toEqual([0, 1]);
  expect([await runsAfter(49), await runsAfter(1)]).toEqual([1, 2]);
  expect([await runsAfter(999), await runsAfter(1)]).toEqual([2, 3]);
  expect([await runsAfter(999), await runsAfter(1)]).toEqual([3, 4]);
  await interval.stop();
  expect(await runsAfter(10_000)).toBe(4);
});
