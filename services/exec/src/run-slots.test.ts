import { PlatformError } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { RunSlots } from './run-slots.ts';

const never = new AbortController().signal;

test('first come, first served; a place is never free between two', async () => {
  const slots = new RunSlots({ slots: 1, waiting: 2, waitMs: 60_000 });
  const first = await slots.take(never);
  const order: number[] = [];
  const second = slots.take(never).then((giveBack) => (order.push(2), giveBack));
  const third = slots.take(never).then((giveBack) => (order.push(3), giveBack));
  await expect(slots.take(never)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSec: 1 });
  first();
  expect([slots.taken, slots.waiting]).toEqual([1, 1]);
  (await second)();
  (await third)();
  expect([slots.taken, slots.waiting, order]).toEqual([0, 0, [2, 3]]);
});

test('who waits is refused after the time, at an abort and at the end', async () => {
  const slots = new RunSlots({ slots: 1, waiting: 3, waitMs: 20 });
  const giveBack = await slots.take(never);
  await expect(slots.take(never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(slots.take(AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
  const stop = new AbortController();
  const waiting = slots.take(stop.signal);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  const last = slots.take(never);
  slots.refuseAll(PlatformError.of('DRAINING'));
  await expect(last).rejects.toMatchObject({ code: 'DRAINING' });
  giveBack();
  expect([slots.taken, slots.waiting]).toEqual([0, 0]);
});
