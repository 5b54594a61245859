import { expect, test } from 'vitest';
import { HostSlots, SlotsClosedError } from './host-slots.ts';

const never = new AbortController().signal;

function openSlots(places: number, maxWaiting: number): HostSlots {
  const slots = new HostSlots(maxWaiting);
  slots.open(places);
  return slots;
}

test('places are granted in the order of asking', async () => {
  const slots = openSlots(1, 10);
  const order: string[] = [];
  const ask = async (name: string) => {
    await slots.take(1000, never);
    order.push(name);
  };
  const all = Promise.all(['a', 'b', 'c'].map(ask));
  await slots.take(0, AbortSignal.abort()).catch(() => order.push('aborted'));
  slots.release();
  slots.release();
  await all;
  expect(order.filter((name) => name !== 'aborted')).toEqual(['a', 'b', 'c']);
  expect(slots.waiting).toBe(0);
});

test('those who ask before the places are known wait for them', async () => {
  const slots = new HostSlots(10);
  const taken = slots.take(1000, never);
  expect(slots.waiting).toBe(1);
  slots.open(1);
  await taken;
});

test('more than the bound are refused at once', async () => {
  const slots = openSlots(1, 1);
  await slots.take(1000, never);
  const waiting = slots.take(1000, never);
  await expect(slots.take(1000, never)).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
    retryAfterSec: 1,
  });
  slots.release();
  await waiting;
});

test('waiting ends with its time, with an abort, and with the host', async () => {
  const slots = openSlots(1, 10);
  await slots.take(1000, never);
  const controller = new AbortController();
  const aborted = slots.take(1000, controller.signal);
  const late = slots.take(5, never);
  const left = slots.take(1000, never);
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' });
  await expect(late).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  slots.close();
  await expect(left).rejects.toThrow(SlotsClosedError);
  await expect(slots.take(1000, never)).rejects.toThrow(SlotsClosedError);
  expect(slots.waiting).toBe(0);
});
