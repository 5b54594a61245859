import { expect, test } from 'vitest';
import { SelfFence } from './self-fence.ts';

test('ends a busy host after silence, and no other', () => {
  let now = 0;
  let isBusy = false;
  const fenced: number[] = [];
  const fence = new SelfFence({
    limitMs: 100,
    monotonic: () => now,
    isBusy: () => isBusy,
    fence: (ms) => void fenced.push(ms),
  });
  now = 500;
  fence.check();
  expect(fenced).toEqual([]);
  isBusy = true;
  fence.heard();
  now = 600;
  fence.check();
  expect(fenced).toEqual([]);
  now = 601;
  fence.check();
  expect(fenced).toEqual([101]);
});
