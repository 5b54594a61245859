import { expect, test } from 'vitest';
import { base32, codeAt, findStep, otpauthUri } from './totp.ts';

const SECRET = Buffer.from('12345678901234567890');

// RFC 6238, appendix B, the last six of its eight digits.
test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at %i s the code is %s', (seconds, code) => {
  expect(codeAt(SECRET, Math.floor(seconds / 30))).toBe(code);
});

test('a code holds for a step before and after its own', () => {
  const code = codeAt(SECRET, 1000);
  const at = (step: number) => findStep(SECRET, code, step * 30_000 + 29_999);
  expect([998, 999, 1000, 1001, 1002].map(at)).toEqual([undefined, 1000, 1000, 1000, undefined]);
  for (const text of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
    expect(findStep(SECRET, text, 30_000_000)).toBeUndefined();
});

test('the secret as apps read it', () => {
  expect(base32(SECRET)).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  expect(base32(Buffer.from('f'))).toBe('MY');
  expect(otpauthUri({ issuer: 'Switch yard', login: 'ann@x.io', secret: SECRET })).toBe(
    'otpauth://totp/Switch%20yard:ann%40x.io?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Switch%20yard',
  );
});
