import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { InFlight, InFlightNumbers, PLACES } from './in-flight.ts';

test('what lies there is found by its number until it is taken out', () => {
  const numbers = new InFlightNumbers();
  const open = new InFlight<string>();
  const [one, two] = [numbers.take(), numbers.take()];
  open.set(one, 'one');
  open.set(two, 'two');
  expect([open.get(one), open.get(two), open.size]).toEqual(['one', 'two', 2]);
  expect([open.delete(one), open.delete(one)]).toEqual([true, false]);
  expect([open.get(one), open.size, open.values()]).toEqual([undefined, 1, ['two']]);
});

test('a place is given out again, its number never', () => {
  const numbers = new InFlightNumbers();
  const open = new InFlight<string>();
  const first = numbers.take();
  open.set(first, 'first');
  open.delete(first);
  numbers.giveBack(first);
  const second = numbers.take();
  open.set(second, 'second');
  expect(second).not.toBe(first);
  expect(second % PLACES).toBe(first % PLACES);
  // Who comes late with the former number touches nothing.
  expect([open.get(first), open.delete(first), open.get(second)]).toEqual([undefined, false, 'second']);
  expect(() => open.set(first, 'late')).toThrow(RangeError);
});

test('numbers of nobody are not found', () => {
  const open = new InFlight<string>();
  expect([0, 1, PLACES, 2 ** 53 - 1, -1, 0.5, Number.NaN].map((number) => open.get(number))).toEqual(
    Array.from({ length: 7 }, () => undefined),
  );
});

test('what came and went waits for no collection of the old', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void;
  const usedBytes = (): number => {
    for (const type of ['minor', 'minor'] as const) collect({ type });
    return getHeapSpaceStatistics().reduce((sum, { space_used_size: used }) => sum + used, 0);
  };
  const numbers = new InFlightNumbers();
  const open = new InFlight<number[]>();
  const queue: number[] = [];
  const enter = (): void => {
    const number = numbers.take();
    open.set(
      number,
      Array.from({ length: 1000 }, () => number + 0.5),
    );
    queue.push(number);
  };
  const leave = (): void => {
    const number = queue.shift() ?? 0;
    open.delete(number);
    numbers.giveBack(number);
  };
  for (let at = 0; at < 64; at += 1) enter();
  // From here on what it is made of is old.
  collect({ type: 'major' });
  const before = usedBytes();
  for (let at = 0; at < 2000; at += 1) {
    enter();
    leave();
    if (at % 400 === 0) collect({ type: 'minor' });
  }
  // Of 16 MB that came and went an eighth.
  expect(usedBytes() - before).toBeLessThan(2_000_000);
});
