import { describe, expect, it } from 'vitest';
import { compareLogIds, followsPosition, isSameEpoch, parseLogId, positionBefore } from './log-id.ts';

const TTL_MS = 6000;

describe('log ids', () => {
  it.each(['', '1', '1-', '-1', '1-2-3', 'a-b', '1-12345678901234567', ' 1-2', '1-2\n'])(
    'does not read %j',
    (id) => {
      expect(parseLogId(id)).toBeUndefined();
    },
  );

  it('orders by epoch, then by number and not by text', () => {
    const ids = ['2-1', '1-10', '1-9', '0-0', 'nonsense'];
    expect(ids.toSorted(compareLogIds)).toEqual(['nonsense', '0-0', '1-9', '1-10', '2-1']);
  });

  it('reads both halves as exact numbers', () => {
    expect(parseLogId('17-9007199254740991')).toEqual({ epoch: 17, seq: 9_007_199_254_740_991 });
  });

  it.each([
    ['12-5', '12-9', true],
    ['12-5', '1-25', false],
    ['1-25', '12-5', false],
    ['2-5', '1-5', false],
    ['nonsense', 'nonsense', false],
  ])('tells whether %s and %s are of one epoch', (a, b, expected) => {
    expect(isSameEpoch(a, b)).toBe(expected);
  });

  it('knows the position before an entry', () => {
    expect(positionBefore('3-100')).toBe('3-99');
  });
});

describe('followsPosition', () => {
  it.each([
    ['its forerunner is the position', '1-5', '1-4', '1-4', true],
    ['the position lies between the two', '1-9', '1-4', '1-6', true],
    ['there was something between', '1-9', '1-7', '1-6', false],
    ['another epoch', '2-9', '1-6', '1-6', false],
    ['a new log within the life of the old one', '1-1000900', '0-0', '1-1000', true],
    ['a new log after the old one may have expired', '1-1001000', '0-0', '1-1000', false],
    ['a position that is none', '1-9', '1-4', 'x', false],
  ])('%s', (_what, logId, prev, position, expected) => {
    expect(followsPosition({ logId, prev }, position, TTL_MS)).toBe(expected);
  });
});
