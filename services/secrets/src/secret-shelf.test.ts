import { systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import type { SecretFolder } from './secret-name.ts';
import { createSecretShelf } from './secret-shelf.ts';

const HELLO: SecretFolder = { kind: 'bundles', tenant: 't', project: 'p', bundle: 'hello' };
const OTHER: SecretFolder = { ...HELLO, bundle: 'other' };
const open = () => createSecretShelf({ maxValueBytes: 10, maxSecrets: 3, clock: systemClock });

test('keeps, counts writes, lists names in order, forgets', () => {
  const shelf = open();
  shelf.put(HELLO, 'b', 'one');
  expect(shelf.put(HELLO, 'b', 'two')).toMatchObject({ version: 2 });
  shelf.put(HELLO, 'a', 'x');
  expect(shelf.get(HELLO, 'b')).toMatchObject({ value: 'two', version: 2 });
  expect(shelf.list(HELLO).map((info) => info.key)).toEqual(['a', 'b']);
  expect(JSON.stringify(shelf.list(HELLO))).not.toContain('two');
  expect(shelf.get(OTHER, 'b')).toBeUndefined();
  expect(shelf.delete(HELLO, 'b')).toBe(true);
  expect(shelf.delete(HELLO, 'b')).toBe(false);
  expect(shelf.size).toBe(1);
});

test('is bounded in bytes and in number; a full one still takes new values of old names', () => {
  const shelf = open();
  expect(() => shelf.put(HELLO, 'a', 'é'.repeat(6))).toThrow('10 bytes');
  for (const key of ['a', 'b', 'c']) shelf.put(HELLO, key, key);
  expect(() => shelf.put(OTHER, 'd', 'd')).toThrow('too many');
  expect(shelf.put(HELLO, 'a', 'new').version).toBe(2);
  shelf.delete(HELLO, 'b');
  expect(shelf.put(OTHER, 'd', 'd').version).toBe(1);
  shelf.wipe();
  expect(shelf.size).toBe(0);
  expect(shelf.list(HELLO)).toEqual([]);
});
