import { expect, test } from 'vitest';
import { Deadline } from './deadline.ts';
import { createServiceGroup } from './service.ts';
import type { Service } from './service.ts';

function part(name: string, order: string[], failsToStart = false): Service {
  return {
    name,
    start: () => {
      order.push(`start ${name}`);
      return failsToStart ? Promise.reject(new Error(name)) : Promise.resolve();
    },
    stop: () => {
      order.push(`stop ${name}`);
      return Promise.resolve();
    },
    health: () => ({ ok: name !== 'sick' }),
  };
}

test('services start in order and stop in reverse', async () => {
  const order: string[] = [];
  const group = createServiceGroup('g', [part('a', order), part('b', order)]);
  await group.start();
  await group.stop(Deadline.in(1000));
  expect(order).toEqual(['start a', 'start b', 'stop b', 'stop a']);
});

test('what had started can be stopped after a start that failed', async () => {
  const order: string[] = [];
  const group = createServiceGroup('g', [part('a', order), part('b', order, true), part('c', order)]);
  await expect(group.start()).rejects.toThrow('b');
  await group.stop(Deadline.in(1000));
  expect(order).toEqual(['start a', 'start b', 'stop b', 'stop a']);
});

test('one sick part makes the group sick and is named', () => {
  const group = createServiceGroup('g', [part('a', []), part('sick', [])]);
  expect(group.health()).toEqual({ ok: false, detail: { a: { ok: true }, sick: { ok: false } } });
});
