import { USER_TYPES } from '@switchyard/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideInflightPage, decodeInflightCursor, encodeInflightCursor } from './inflight-cursor.ts';
import type { InflightPosition } from './inflight-cursor.ts';

describe('pages of claims', () => {
  it('show every claim once, in the order of the lanes, and none is larger than asked for', () => {
    fc.assert(
      fc.property(
        fc.tuple(...USER_TYPES.map(() => fc.nat(40))),
        fc.integer({ min: 1, max: 15 }),
        (lengths, limit) => {
          const lanes = USER_TYPES.map((lane, index) => ({ lane, length: lengths[index] ?? 0 }));
          const seen: string[] = [];
          let at: InflightPosition | undefined;
          do {
            const { slices, next } = decideInflightPage(lanes, at, limit);
            const page = slices.flatMap(({ lane, offset, count }) =>
              Array.from({ length: count }, (_, index) => `${lane} ${offset + index}`),
            );
            expect(page.length).toBeLessThanOrEqual(limit);
            seen.push(...page);
            at = next;
          } while (at !== undefined);
          expect(seen).toEqual(
            lanes.flatMap(({ lane, length }) => Array.from({ length }, (_, index) => `${lane} ${index}`)),
          );
        },
      ),
    );
  });

  it('go on after a list became shorter than where the page before ended', () => {
    const lanes = USER_TYPES.map((lane) => ({ lane, length: 3 }));
    const [first, second] = USER_TYPES;
    expect(decideInflightPage(lanes, { lane: first, offset: 9 }, 2)).toEqual({
      slices: [{ lane: second, offset: 0, count: 2 }],
      next: { lane: second, offset: 2 },
    });
  });

  it('are asked for by a cursor that only a page gives out', () => {
    expect(decodeInflightCursor(encodeInflightCursor({ lane: 'paid', offset: 150 }))).toEqual({
      lane: 'paid',
      offset: 150,
    });
    for (const bad of ['', 'paid', 'paid.', 'paid.-1', 'gold.3', 'paid.1.2', 'paid.99999999999'])
      expect(() => decodeInflightCursor(bad), bad).toThrow('cursor');
  });
});
