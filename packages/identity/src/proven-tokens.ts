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
  /** What was proven of it, and under which key: the asker makes sure that this one still counts. */
  find(token: string): ProvenToken | undefined;
  keep(token: string, proven: ProvenToken): void;
}

export interface ProvenToken {
  readonly kid: string;
  readonly key: KeyObject;
  readonly claims: Claims;
}

export function createProvenTokens(maxProven = MAX_PROVEN): ProvenTokens {
  const all = new Map<string, ProvenToken>();
  return {
    find: (token) => all.get(hashHex(token)),
    keep: (token, proven) => {
      const [oldest] = all.keys();
      if (all.size >= maxProven && oldest !== undefined) all.delete(oldest);
      all.set(hashHex(token), proven);
    },
  };
}
