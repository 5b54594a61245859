import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchExpiry } from './watch-expiry.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const clock = { now: () => Date.now(), monotonic: () => Date.now() };

it('warns half a minute before, then ends', () => {
  const heard: string[] = [];
  watchExpiry(
    Date.now() + 60_000,
    clock,
    ({ data }) => heard.push((JSON.parse(data) as { type: string }).type),
    () => heard.push('end'),
  );
  vi.advanceTimersByTime(29_999);
  expect(heard).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(heard).toEqual(['auth.expiring']);
  vi.advanceTimersByTime(30_000);
  expect(heard).toEqual(['auth.expiring', 'end']);
});

it('leaves no timer when it is stopped, and waits for a token that lives for a year', () => {
  const heard: string[] = [];
  const stop = watchExpiry(
    Date.now() + 365 * 86_400_000,
    clock,
    () => undefined,
    () => heard.push('end'),
  );
  vi.advanceTimersByTime(364 * 86_400_000);
  expect(heard).toEqual([]);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});
