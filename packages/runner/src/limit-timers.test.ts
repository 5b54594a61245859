import type { PlatformError } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { LimitTimers } from './limit-timers.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

test('a limit that is longer than a timer can count is not reached at once', async () => {
  const reached: PlatformError[] = [];
  const long = new LimitTimers({ timeoutMs: YEAR_MS, wallMs: YEAR_MS, idleMs: YEAR_MS }, (error) =>
    reached.push(error),
  );
  const { promise, resolve } = Promise.withResolvers<PlatformError>();
  const short = new LimitTimers({ timeoutMs: 20 }, resolve);
  expect((await promise).code).toBe('TIMEOUT');
  expect(reached).toEqual([]);
  long.stop();
  short.stop();
});

test('a limit is told once, with its kind', async () => {
  const reached: PlatformError[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const timers = new LimitTimers({ idleMs: 5, wallMs: YEAR_MS }, (error) => {
    reached.push(error);
    setTimeout(resolve, 20);
  });
  await promise;
  expect(reached.map(({ code, details }) => [code, details?.['timeout_kind']])).toEqual([
    ['WATCHDOG_TIMEOUT', 'idle'],
  ]);
  timers.stop();
});
