import { expect, test } from 'vitest';
import { createSecretMasks } from './secret-masks.ts';

test('a value is taken out of every text of its bundle, and of no other', () => {
  const masks = createSecretMasks();
  masks.learn('a', 'sk-12345');
  masks.learn('a', 'sk-12345678');
  masks.learn('a', 'line "one"\nline two');
  const event = { text: 'key sk-12345678!', data: { list: ['sk-12345', 1, null], 'sk-12345': true } };
  expect(masks.masked('a', event)).toEqual({
    text: 'key ***!',
    data: { list: ['***', 1, null], '***': true },
  });
  expect(masks.masked('b', event)).toBe(event);
  expect(masks.masked('a', JSON.stringify({ key: 'line "one"\nline two' }))).toBe('{"key":"***"}');
});

test('short values are left alone, and the oldest are forgotten', () => {
  const masks = createSecretMasks();
  masks.learn('a', 'short');
  expect(masks.masked('a', 'short')).toBe('short');
  for (let at = 0; at < 201; at += 1) masks.learn('a', `secret-${at}.`);
  expect(masks.masked('a', 'secret-0. secret-1. secret-200.')).toBe('secret-0. *** ***');
});
