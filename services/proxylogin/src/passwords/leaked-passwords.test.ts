import { expect, test } from 'vitest';
import { hashLeaked, loadLeakedPasswords, readLeakedPasswords } from './leaked-passwords.ts';

const listOf = (...passwords: string[]) =>
  readLeakedPasswords(Buffer.concat(passwords.map(hashLeaked).toSorted((a, b) => a.compare(b))));

test.each([0, 1, 2, 3, 100])('of %s entries each is found, and nothing else', (count) => {
  const words = Array.from({ length: count }, (_, at) => `password number ${at}`);
  const list = listOf(...words);
  expect(list.size).toBe(count);
  expect(words.filter((word) => !list.has(word))).toEqual([]);
  expect(list.has('password number -1')).toBe(false);
});

test('neither case nor composed letters matter', () => {
  const list = listOf('Caf\u00e9 au lait 1');
  expect(list.has('CAF\u00c9 AU LAIT 1')).toBe(true);
  expect(list.has('cafe\u0301 au lait 1')).toBe(true);
});

test('a file that is cut off is no list', () => {
  expect(() => readLeakedPasswords(Buffer.alloc(7))).toThrow('cut off');
});

test('the list that comes along knows what is tried first, of every length that a setting allows', async () => {
  const list = await loadLeakedPasswords();
  for (const known of [
    '1qaz2wsx3edc',
    'qwertyqwerty',
    'leavemealone',
    'justinbieber',
    'superman',
    'trustno1',
  ])
    expect([known, list.has(known)]).toEqual([known, true]);
  for (const good of ['correct horse battery', 'x8!kPq2#vLm9', 'three blind mice sang', 'hunter2'])
    expect([good, list.has(good)]).toEqual([good, false]);
  // ASVS 6.2.4 asks for 3000 that the rule of length lets through.
  expect(list.size).toBeGreaterThan(30_000);
});
