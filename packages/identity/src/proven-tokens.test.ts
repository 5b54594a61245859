import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createProvenTokens } from './proven-tokens.ts';
import type { Claims } from './token-claims.ts';

const keyOf = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const claims = { sub: 'ann' } as unknown as Claims;

test('a token counts as proven to the letter, and says the key that proved it', () => {
  const key = keyOf();
  const proven = createProvenTokens();
  proven.keep('a.b.c', { kid: 'one', key, claims });
  expect(proven.find('a.b.c')).toEqual({ kid: 'one', key, claims });
  expect(proven.find('a.b.c')?.claims).toBe(claims);
  expect(proven.find('a.b.d')).toBeUndefined();
});

test('only so many are kept, the newest', () => {
  const key = keyOf();
  const proven = createProvenTokens(2);
  for (const token of ['one', 'two', 'three']) proven.keep(token, { kid: 'one', key, claims });
  expect(['one', 'two', 'three'].map((token) => proven.find(token) !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
});
