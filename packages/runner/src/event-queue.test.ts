import type { BundleEvent } from '@switchyard/protocol';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

const delta = (text: string, marker = 'answer'): BundleEvent => ({ kind: 'delta', text, marker });

/** A taker that is let go by hand, one event at a time. */
function createTaker(ackFromBytes = 0) {
  const taken: BundleEvent[] = [];
  const acks: number[] = [];
  const failures: unknown[] = [];
  let letGo: (error?: Error) => void = () => undefined;
  const queue = new EventQueue({
    take: (event) => {
      taken.push(event);
      return new Promise(
        (resolve, reject) => (letGo = (error) => (error === undefined ? resolve() : reject(error))),
      );
    },
    ackFromBytes,
    ack: (bytes) => void acks.push(bytes),
    failed: (error) => void failures.push(error),
  });
  const next = async (error?: Error) => {
    letGo(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, taken, acks, failures, next };
}

describe('EventQueue', () => {
  test('takes one at a time; what gathers meanwhile becomes one per marker', async () => {
    const { queue, taken, acks, next } = createTaker();
    queue.push(delta('a'), 10);
    for (const text of ['b', 'c']) queue.push(delta(text), 10);
    queue.push(delta('t', 'thinking'), 10);
    queue.push({ kind: 'title', title: 'T' }, 20);
    queue.push(delta('d'), 10);
    expect(taken).toEqual([delta('a')]);
    expect(queue.queuedBytes).toBe(70);
    for (let step = 0; step < 5; step += 1) await next();
    expect(taken).toEqual([
      delta('a'),
      delta('bc'),
      delta('t', 'thinking'),
      { kind: 'title', title: 'T' },
      delta('d'),
    ]);
    expect(acks).toEqual([10, 20, 10, 20, 10]);
    expect(queue.queuedBytes).toBe(0);
  });

  test('credit is given back when it is worth a message, all that is owed at once', async () => {
    const { queue, acks, next } = createTaker(25);
    for (const title of ['a', 'b', 'c', 'd']) queue.push({ kind: 'title', title }, 10);
    await next();
    await next();
    expect(acks).toEqual([]);
    await next();
    await next();
    expect([acks, queue.queuedBytes]).toEqual([[30], 0]);
  });

  test('a completed delta stays its own', async () => {
    const { queue, taken, next } = createTaker();
    queue.push(delta('a'), 1);
    queue.push(delta('b'), 1);
    queue.push({ ...delta('c'), completed: true } as BundleEvent, 1);
    for (let step = 0; step < 3; step += 1) await next();
    expect(taken.length).toBe(3);
  });

  test('settled waits for what was pushed', async () => {
    const { queue, next } = createTaker();
    await queue.settled();
    queue.push(delta('a'), 1);
    let isSettled = false;
    const settled = queue.settled().then(() => (isSettled = true));
    expect(isSettled).toBe(false);
    await next();
    await settled;
  });

  test('a rejection is told once and ends the taking', async () => {
    const { queue, taken, acks, failures, next } = createTaker();
    queue.push(delta('a'), 1);
    queue.push({ kind: 'title', title: 'T' }, 1);
    await next(new Error('fenced off'));
    queue.push(delta('b'), 1);
    expect(failures).toEqual([new Error('fenced off')]);
    expect([taken.length, acks.length]).toEqual([1, 0]);
  });
});
