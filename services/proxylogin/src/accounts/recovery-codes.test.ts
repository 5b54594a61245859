import { randomBytes } from 'node:crypto';
import { macHex } from '@switchyard/identity';
import { createIds, systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createPasswordHasher } from '../passwords/password-hasher.ts';
import { createRecoveryHashes, makeRecoveryCodes, readRecoveryCode } from './recovery-codes.ts';

const KEY = Buffer.alloc(32, 1);
const OLD = Buffer.alloc(32, 2);
const NEW = Buffer.alloc(32, 3);
const ids = createIds(systemClock, randomBytes);
const hasher = createPasswordHasher({ ids, peppers: [OLD], atOnce: 2, queue: 10 });
const hashes = createRecoveryHashes(hasher, [KEY]);
const all = async (found: AsyncIterable<string>): Promise<string[]> => {
  const hashes = [];
  for await (const hash of found) hashes.push(hash);
  return hashes;
};

test('ten different ones, each read as it may be typed', () => {
  const codes = makeRecoveryCodes(ids);
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) {
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/);
    const typed = ` ${code.toLowerCase().replace('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`;
    expect(readRecoveryCode(typed)).toBe(code.replace('-', ''));
  }
});

test.each(['', '123456', 'ABCDE-ABCDU', 'ABCDEABCDEA', 'ÄBCDE-ABCDE'])('%s is none', (text) => {
  expect(readRecoveryCode(text)).toBeUndefined();
});

test('they are kept as slow hashes under one salt, and are found by any one of them', async () => {
  const codes = ['ABCDE-12345', 'FGHJK-67890', 'MNPQR-24680'];
  const kept = await hashes.make('ann', codes);
  expect(new Set(kept).size).toBe(3);
  expect(new Set(kept.map((each) => each.split('$')[4])).size).toBe(1);
  for (const each of kept) expect(each).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await all(hashes.each('ann', ' fghjk 6789o', kept[2] ?? ''))).toEqual([kept[1]]);
  expect(await all(hashes.each('bob', 'FGHJK-67890', kept[0] ?? ''))).not.toEqual([kept[1]]);
  expect((await hashes.make('ann', codes))[0]).not.toBe(kept[0]);
});

test('one that was given out under a keyed hash is found as such', async () => {
  const former = macHex(KEY, ['ann', 'ABCDE12345'], 16);
  expect(await all(hashes.each('ann', 'abcde-12345', former))).toEqual([former]);
});

test('after the key was replaced they are found by the one that they were made with', async () => {
  const [kept = ''] = await hashes.make('ann', ['ABCDE-12345']);
  const replaced = createPasswordHasher({ ids, peppers: [NEW, OLD], atOnce: 2, queue: 10 });
  const found = await all(createRecoveryHashes(replaced, [NEW, KEY]).each('ann', 'ABCDE-12345', kept));
  expect(found).toHaveLength(2);
  expect(found[1]).toBe(kept);
});
