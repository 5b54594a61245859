import { expect, test } from 'vitest';
import { compareLogIds, isAfter } from './log-position.ts';

test.each([
  ['1-5', '1-5', 0],
  ['1-9', '1-10', -1],
  ['2-1', '1-99', 1],
  ['10-1', '9-1', 1],
  ['1-1767607200120001', '1-1767607200120000', 1],
  ['1-9007199254740993', '1-9007199254740992', 1],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareLogIds(a, b))).toBe(sign);
});

test('without a position everything is news', () => {
  expect(isAfter('1-1', undefined)).toBe(true);
  expect(isAfter('1-1', '1-1')).toBe(false);
});
