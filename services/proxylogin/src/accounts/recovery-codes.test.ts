import { randomBytes } from 'node:crypto';
import { macHex } from '@switchyard/identity';
import { createIds, systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createPasswordHasher } from '../passwords/password-hasher.ts';
import { createRecoveryHashes, makeRecoveryCodes, readRecoveryCode } from './recovery-codes.ts';

const KEY = Buffer.alloc(32, 1);
const ids = createIds(systemClock, randomBytes);
const hasher = createPasswordHasher({ ids, pepper: Buffer.alloc(32, 2), atOnce: 2, queue: 10 });
const hashes = createRecoveryHashes(hasher, KEY);

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
  expect(await hashes.find('ann', ' fghjk 6789o', kept[2] ?? '')).toBe(kept[1]);
  expect(await hashes.find('bob', 'FGHJK-67890', kept[0] ?? '')).not.toBe(kept[1]);
  expect((await hashes.make('ann', codes))[0]).not.toBe(kept[0]);
});

test('one that was given out under a keyed hash is found as such', async () => {
  const former = macHex(KEY, ['ann', 'ABCDE12345'], 16);
  expect(await hashes.find('ann', 'abcde-12345', former)).toBe(former);
});
