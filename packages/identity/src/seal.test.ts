import { Secret } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { deriveKey, macHex } from './derive-key.ts';
import { seal, unseal } from './seal.ts';

const MASTER = new Secret('a-master-key-for-tests-of-32-chars-or-more');
const KEY = deriveKey(MASTER, 'one');
const IV = Buffer.alloc(12, 7);

test('opens with the same key and context only', () => {
  const sealed = seal(KEY, IV, Buffer.from('text'), 'here');
  expect(unseal(KEY, sealed, 'here')?.toString()).toBe('text');
  expect(unseal(KEY, sealed, 'there')).toBeUndefined();
  expect(unseal(deriveKey(MASTER, 'two'), sealed, 'here')).toBeUndefined();
  expect(sealed.includes('text')).toBe(false);
});

test('every changed bit and every cut is noticed', () => {
  const sealed = seal(KEY, IV, Buffer.from('text'), 'here');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(unseal(KEY, changed, 'here')).toBeUndefined();
    expect(unseal(KEY, sealed.subarray(0, at), 'here')).toBeUndefined();
  }
});

test('purposes, salts and parts do not run into each other', () => {
  const keys = [deriveKey(MASTER, 'a'), deriveKey(MASTER, 'b'), deriveKey(MASTER, 'a', 's')];
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(3);
  expect(macHex(KEY, ['a', 'bc'], 16)).not.toBe(macHex(KEY, ['ab', 'c'], 16));
  expect(() => seal(KEY, Buffer.alloc(8), Buffer.of(), '')).toThrow(RangeError);
});
