import { expect, test } from 'vitest';
import { createPasswordRule } from './decide-password.ts';

const leaked = new Set(['leavemealone', 'sunshine', '1qaz2wsx3edc']);
const rule = createPasswordRule({
  minCharacters: 12,
  words: ['Acme Chat', 'chat.acme.example', 'demo', 'main'],
  isLeaked: (password) => leaked.has(password),
});
const decide = (password: string) => rule.decide(password, ['ann@example.com', 'Ann', null]);

test.each([
  ['short', 'too_short'],
  ['🔑'.repeat(11), 'too_short'],
  ['aaaaaaaaaaaaaaa', 'too_simple'],
  ['abcabcabcabcabc', 'too_simple'],
  ['abcdefghijklmnop', 'too_simple'],
  ['1234567890123', 'too_simple'],
  [`correct horse ${'x'.repeat(300)}`, 'too_long'],
  ['leavemealone', 'too_common'],
  ['LeaveMeAlone', 'too_common'],
  ['1qaz2wsx3edc', 'too_common'],
  ['sunshine2026', 'too_common'],
  ['12!Sunshine!', 'too_common'],
  ['ann@example.com1', 'of_names'],
  ['ANN@EXAMPLE.COM!!', 'of_names'],
  ['ann-example-26', 'of_names'],
  ['AcmeChat2026', 'of_names'],
  ['demo-main-demo', 'of_names'],
  ['Ann.Acme.Demo', 'of_names'],
])('%s: %s', (password, verdict) => {
  expect(decide(password)).toBe(verdict);
});

test.each([
  'correct horse battery',
  'Ann likes long walks',
  'пароль очень длинный',
  'x8!kPq2#vLm9',
  'sunshine on the 7th hill',
  'my demo of a long one',
  '9137#50!28?46',
])('%s is taken', (password) => {
  expect(decide(password)).toBeUndefined();
});

test('without names and words there is none to be made of', () => {
  const bare = createPasswordRule({ minCharacters: 8, words: [], isLeaked: () => false });
  expect(bare.decide('plain words', [null, ''])).toBeUndefined();
});
