import { USER_TYPES } from '@switchyard/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideRotation } from './decide-rotation.ts';

const weights = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 4, maxLength: 4 });

test('the default cycle, as an example', () => {
  expect(decideRotation([4, 2, 1, 1]).join(' ')).toBe(
    'privileged paid privileged registered anonymous privileged paid privileged',
  );
});

test('every lane gets exactly its weight in a cycle', () => {
  fc.assert(
    fc.property(weights, (own) => {
      const cycle = decideRotation(own);
      expect(USER_TYPES.map((lane) => cycle.filter((turn) => turn === lane).length)).toEqual(own);
    }),
  );
});

test('no lane starves: wherever a worker begins, it comes to each lane within one cycle, and a heavy one is spread', () => {
  fc.assert(
    fc.property(weights, fc.nat(), (own, from) => {
      const cycle = decideRotation(own);
      const total = cycle.length;
      USER_TYPES.forEach((lane, index) => {
        const gaps = gapsOf(cycle, lane, from % total);
        const fair = total / (own[index] ?? 1);
        expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.min(total, Math.ceil(fair) + USER_TYPES.length));
      });
    }),
  );
});

test('a weight of zero is refused', () => {
  expect(() => decideRotation([1, 1, 1, 0])).toThrow(/starve/);
});

/** Distances between two turns of a lane, over two rounds from `from`. */
function gapsOf(cycle: readonly string[], lane: string, from: number): number[] {
  const gaps: number[] = [];
  let since = 0;
  for (let step = 0; step < cycle.length * 2; step++) {
    since += 1;
    if (cycle[(from + step) % cycle.length] !== lane) continue;
    gaps.push(since);
    since = 0;
  }
  return gaps;
}
