import { getEventListeners } from 'node:events';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { untilStopped } from './until-stopped.ts';

const ROUNDS = 20_000;
/** A round that is left behind is 250 bytes; what else comes and goes in a process is not this much for so many. */
const MAX_BYTES_A_ROUND = 60;
const never = (): Promise<void> => new Promise(() => undefined);

test('ends with the first that ends, and with the stop', async () => {
  const stop = new AbortController();
  await untilStopped(stop.signal, [never(), Promise.resolve(1)]);
  await expect(untilStopped(stop.signal, [never(), Promise.reject(new Error('no'))])).rejects.toThrow('no');
  const waiting = untilStopped(stop.signal, [never()]);
  stop.abort();
  await waiting;
  await untilStopped(stop.signal, [never()]);
  // Nobody else hears of what is rejected later.
  await untilStopped(stop.signal, [turnOfTheLoop().then(() => Promise.reject(new Error('late')))]);
  await turnOfTheLoop();
});

test('nothing of a round is left while the signal lives', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const stop = new AbortController();
  const heapAfter = async (rounds: number): Promise<number> => {
    for (let round = 0; round < rounds; round += 1) await untilStopped(stop.signal, [Promise.resolve()]);
    await turnOfTheLoop();
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(ROUNDS);
  const grown = (await heapAfter(ROUNDS)) - before;
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  expect(grown / ROUNDS).toBeLessThan(MAX_BYTES_A_ROUND);
});
