import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideEviction } from './decide-eviction.ts';

const host = (versionId: string, idleForMs: number, isIdle = true) => ({ versionId, idleForMs, isIdle });

describe('decideEviction', () => {
  test.each([
    ['nothing to do', [host('a', 5), host('b', 6)], { maxHosts: 3, wanted: 1 }, []],
    [
      'past their time',
      [host('a', 101), host('b', 50), host('c', 200)],
      { maxHosts: 9, wanted: 0 },
      ['c', 'a'],
    ],
    ['room for one', [host('a', 5), host('b', 9)], { maxHosts: 2, wanted: 1 }, ['b']],
    ['busy ones stay', [host('a', 0, false), host('b', 0, false)], { maxHosts: 2, wanted: 1 }, []],
    ['a busy one is no place', [host('a', 0, false), host('b', 1)], { maxHosts: 2, wanted: 1 }, ['b']],
  ])('%s', (_name, hosts, limits, expected) => {
    const closed = decideEviction(hosts, { idleTtlMs: 100, ...limits });
    expect(closed.map(({ versionId }) => versionId)).toEqual(expected);
  });

  test('makes the room that is wanted as far as idle hosts allow, and never touches a busy one', () => {
    const hosts = fc.uniqueArray(
      fc.record({ versionId: fc.uuid(), idleForMs: fc.nat(90), isIdle: fc.boolean() }),
      {
        selector: ({ versionId }) => versionId,
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 10 }), fc.nat(3), (all, maxHosts, wanted) => {
        const closed = decideEviction(all, { maxHosts, wanted, idleTtlMs: 100 });
        const idle = all.filter(({ isIdle }) => isIdle);
        expect(closed.length).toBe(Math.max(0, Math.min(idle.length, all.length + wanted - maxHosts)));
        expect(closed.every((one) => idle.includes(one))).toBe(true);
      }),
    );
  });
});
