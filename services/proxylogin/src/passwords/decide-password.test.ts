import { expect, test } from 'vitest';
import { decidePassword } from './decide-password.ts';

const decide = (password: string) =>
  decidePassword(password, { minCharacters: 12, names: ['ann@example.com', 'Ann', ''] });

test.each([
  ['short', 'too_short'],
  ['🔑'.repeat(11), 'too_short'],
  ['aaaaaaaaaaaaaaa', 'too_simple'],
  ['abcabcabcabcabc', 'too_simple'],
  ['abcdefghijklmnop', 'too_simple'],
  ['1234567890123', 'too_simple'],
  ['ann@example.com1', 'too_simple'],
  ['ANN@EXAMPLE.COM!!', 'too_simple'],
  [`correct horse ${'x'.repeat(300)}`, 'too_long'],
])('%s: %s', (password, verdict) => {
  expect(decide(password)).toBe(verdict);
});

test.each(['correct horse battery', 'Ann likes long walks', 'пароль очень длинный', 'x8!kPq2#vLm9'])(
  '%s is taken',
  (password) => {
    expect(decide(password)).toBeUndefined();
  },
);
