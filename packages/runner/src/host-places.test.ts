import { expect, test } from 'vitest';
import { HostPlaces } from './host-places.ts';
import { PoolSlots } from './pool-slots.ts';
import { SlotsClosedError } from './waiting-line.ts';

const never = new AbortController().signal;
const MINUTE = 60_000;

function openPlaces(capacity: number, maxWaiting = 10) {
  const places = new HostPlaces<string>(maxWaiting);
  places.open('a', capacity, ['turn', 'operation']);
  return places;
}

test('gives the places that there are, then lets the others wait in order', async () => {
  const places = openPlaces(1);
  await places.take('turn', MINUTE, never);
  const got: string[] = [];
  const second = places.take('turn', MINUTE, never).then(() => got.push('second'));
  const third = places.take('turn', MINUTE, never).then(() => got.push('third'));
  expect(places.waiting).toBe(2);
  places.release('a', 'turn');
  await second;
  places.release('a', 'turn');
  await third;
  expect(got).toEqual(['second', 'third']);
});

test('a place that becomes free is not overtaken by a newcomer', async () => {
  const places = openPlaces(1);
  await places.take('turn', MINUTE, never);
  const got: string[] = [];
  const waiting = places.take('turn', MINUTE, never).then(() => got.push('waiting'));
  places.release('a', 'turn');
  const newcomer = places.take('turn', MINUTE, never).then(() => got.push('newcomer'));
  await waiting;
  places.release('a', 'turn');
  await newcomer;
  expect(got).toEqual(['waiting', 'newcomer']);
});

test('a line of operations does not hold up a turn', async () => {
  const places = openPlaces(1, 100);
  await places.take('operation', MINUTE, never);
  const flood = Array.from({ length: 50 }, () => places.take('operation', MINUTE, never));
  const turn = places.take('turn', MINUTE, never);
  places.release('a', 'operation');
  await turn;
  for (const _one of flood) places.release('a', places.waiting === 50 ? 'turn' : 'operation');
  await Promise.all(flood);
});

test('a further host serves those who wait', async () => {
  const places = openPlaces(1);
  await places.take('turn', MINUTE, never);
  expect(places.isFull('turn')).toBe(true);
  const waiting = places.take('turn', MINUTE, never);
  places.open('b', 1, ['turn']);
  expect(await waiting).toBe('b');
});

test('waiting is bounded in number and in time, and ends with an abort', async () => {
  const places = openPlaces(1, 2);
  await places.take('turn', MINUTE, never);
  const controller = new AbortController();
  const aborted = places.take('turn', MINUTE, controller.signal).catch((error: unknown) => error);
  const late = places.take('turn', 20, never).catch((error: unknown) => error);
  await expect(places.take('turn', MINUTE, never)).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
    message: 'The application is busy.',
  });
  controller.abort();
  expect(await aborted).toMatchObject({ code: 'CANCELLED' });
  expect(await late).toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  expect(places.waiting).toBe(0);
});

test('when the last host goes, those who wait are sent elsewhere', async () => {
  const places = openPlaces(1);
  await places.take('turn', MINUTE, never);
  const waiting = places.take('turn', MINUTE, never).catch((error: unknown) => error);
  places.close('a');
  places.refuseAll();
  expect(await waiting).toBeInstanceOf(SlotsClosedError);
  // The place of a host that is gone comes back to nobody.
  places.release('a', 'turn');
});

test('a pool has so many slots over all hosts', async () => {
  const slots = new PoolSlots(1, 1);
  await slots.take(MINUTE, never);
  let isServed = false;
  const second = slots.take(MINUTE, never).then(() => (isServed = true));
  await expect(slots.take(MINUTE, never)).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  expect(isServed).toBe(false);
  slots.release();
  await second;
  slots.release();
  await slots.take(MINUTE, never);
});
