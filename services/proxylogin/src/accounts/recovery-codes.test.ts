import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { hashRecoveryCode, makeRecoveryCodes, readRecoveryCode } from './recovery-codes.ts';

const KEY = Buffer.alloc(32, 1);

test('ten different ones, each read as it may be typed', () => {
  const codes = makeRecoveryCodes(createIds(systemClock, randomBytes));
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) {
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
    const typed = ` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`;
    expect(hashRecoveryCode(KEY, 'ann', typed)).toBe(hashRecoveryCode(KEY, 'ann', code));
    expect(hashRecoveryCode(KEY, 'bob', code)).not.toBe(hashRecoveryCode(KEY, 'ann', code));
  }
});

test.each(['', '123456', 'ABCDE-ABCDU', 'ABCDEABCDEA', 'ÄBCDE-ABCDE'])('%s is none', (text) => {
  expect(readRecoveryCode(text)).toBeUndefined();
});
