import { expect, test, vi } from 'vitest';
import { createSilenceWatch } from './watch-silence.ts';

const moving = () => {
  const state = { bytes: 0, silent: 0 };
  return { state, bytesMoved: () => state.bytes, onSilent: () => void (state.silent += 1) };
};

test('what does not move for its limit is told once, what moves is not', () => {
  vi.useFakeTimers();
  const watch = createSilenceWatch();
  const [still, busy, over, patient] = [moving(), moving(), moving(), moving()];
  const [, , left] = [still, busy, over].map((each) => watch.add(each, 1000));
  watch.add(patient, 10_000);
  if (left !== undefined) watch.delete(left);
  for (let at = 0; at < 20; at += 1) {
    vi.advanceTimersByTime(250);
    busy.state.bytes += 1;
    // Never before its limit.
    if (at < 3) expect(still.state.silent).toBe(0);
  }
  expect([still, busy, over, patient].map(({ state }) => state.silent)).toEqual([1, 0, 0, 0]);
  vi.advanceTimersByTime(15_000);
  expect([busy, patient].map(({ state }) => state.silent)).toEqual([1, 1]);
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
