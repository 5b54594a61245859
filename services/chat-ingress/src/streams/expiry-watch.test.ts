import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createExpiryWatch } from './expiry-watch.ts';
import type { Expiring } from './expiry-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const clock = { now: () => Date.now(), monotonic: () => Date.now() };

function stream(lifeMs: number, heard: string[]): Expiring {
  return {
    expiresAt: Date.now() + lifeMs,
    warn: ({ data }) => heard.push((JSON.parse(data) as { type: string }).type),
    end: () => heard.push('end'),
  };
}

it('warns half a minute before, once, then ends; each stream by its own token', () => {
  const watch = createExpiryWatch(clock);
  const [first, second]: [string[], string[]] = [[], []];
  const one = stream(60_000, first);
  watch.watch(one);
  watch.watch(stream(90_000, second));
  vi.advanceTimersByTime(29_000);
  expect(first).toEqual([]);
  vi.advanceTimersByTime(1000);
  expect(first).toEqual(['auth.expiring']);
  vi.advanceTimersByTime(29_000);
  expect([first, second]).toEqual([['auth.expiring'], []]);
  vi.advanceTimersByTime(1000);
  watch.forget(one);
  expect([first, second]).toEqual([['auth.expiring', 'end'], ['auth.expiring']]);
});

it('a token that was over before it was watched: the warning and the end at the next look', () => {
  const heard: string[] = [];
  createExpiryWatch(clock).watch(stream(0, heard));
  vi.advanceTimersByTime(1000);
  expect(heard).toEqual(['auth.expiring', 'end']);
});

it('leaves no timer when its streams are gone, and waits for a token that lives for a year', () => {
  const watch = createExpiryWatch(clock);
  const heard: string[] = [];
  const year = stream(365 * 86_400_000, heard);
  watch.watch(year);
  watch.watch({ expiresAt: undefined, warn: () => undefined, end: () => undefined });
  expect(watch.count).toBe(1);
  vi.advanceTimersByTime(3 * 86_400_000);
  expect(heard).toEqual([]);
  watch.forget(year);
  expect([watch.count, vi.getTimerCount()]).toEqual([0, 0]);
});
