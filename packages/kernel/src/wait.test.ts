import { expect, test } from 'vitest';
import { Deadline } from './deadline.ts';
import { sleep, withTimeout } from './wait.ts';

test('sleep ends with the reason of its signal', async () => {
  const controller = new AbortController();
  const waiting = sleep(60_000, controller.signal);
  controller.abort(new Error('drained'));
  await expect(waiting).rejects.toThrow('drained');
  await expect(sleep(1, controller.signal)).rejects.toThrow('drained');
});

test('withTimeout names what took too long', async () => {
  const never = new Promise(() => undefined);
  await expect(withTimeout(never, 5, 'the host')).rejects.toMatchObject({
    code: 'TIMEOUT',
    message: 'the host took longer than 5 ms',
  });
  await expect(withTimeout(Promise.resolve(1), 1000, 'x')).resolves.toBe(1);
});

test('a deadline counts down on the given clock', () => {
  let time = 0;
  const deadline = Deadline.in(100, { now: () => 0, monotonic: () => time });
  expect(deadline.remainingMs()).toBe(100);
  time = 150;
  expect([deadline.remainingMs(), deadline.expired]).toEqual([0, true]);
});
