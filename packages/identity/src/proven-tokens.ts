import type { KeyObject } from 'node:crypto';
import { hashHex } from '@switchyard/kernel';
import type { Claims } from './token-claims.ts';

/** Tokens of as many devices as one process serves at a time; beyond that the oldest is proven again. */
const MAX_PROVEN = 10_000;

/**
 * Tokens whose signature has been proven: the most expensive part of a request that says nothing new. Kept by a hash, never as the
 * token itself. Whoever asks still checks the time, and a key that is not valid any more proves nothing.
 */
export interface ProvenTokens {
  find(token: string, key: KeyObject): Claims | undefined;
  keep(token: string, key: KeyObject, claims: Claims): void;
}

export function createProvenTokens(maxProven = MAX_PROVEN): ProvenTokens {
  const proven = new Map<string, { key: KeyObject; claims: Claims }>();
  return {
    find: (token, key) => {
      const known = proven.get(hashHex(token));
      return known?.key === key ? known.claims : undefined;
    },
    keep: (token, key, claims) => {
      const [oldest] = proven.keys();
      if (proven.size >= maxProven && oldest !== undefined) proven.delete(oldest);
      proven.set(hashHex(token), { key, claims });
    },
  };
}
