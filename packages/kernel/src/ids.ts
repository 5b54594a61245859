import type { Clock } from './clock.ts';

/** Makes the ids that the server gives out. Every id fits `ID_PATTERN` of the protocol. */
export interface Ids {
  /** `turn_2026-01-05-10-00-00-123-4f2a1c9e`: readable, sorts by time (03 §3). */
  turn(): string;
  conversation(): string;
  request(): string;
  stream(): string;
  /** `bytes` random bytes as base64url: for cookies, links and one-use codes. */
  token(bytes: number): string;
}

/** Asking for randomness costs the same for a thousand bytes as for eight. */
const POOL_BYTES = 1024;

/** `randomBytes` is `node:crypto`'s in a service, a seeded source in a test. */
export function createIds(clock: Clock, randomBytes: (size: number) => Uint8Array): Ids {
  let pool = Buffer.alloc(0);
  const hex = (bytes: number): string => {
    if (pool.length < bytes) pool = Buffer.from(randomBytes(POOL_BYTES));
    const taken = pool.subarray(0, bytes);
    pool = pool.subarray(bytes);
    return taken.toString('hex');
  };
  const stamp = () => new Date(clock.now()).toISOString().replace(/[T:.]/g, '-').replace('Z', '');
  return {
    turn: () => `turn_${stamp()}-${hex(4)}`,
    conversation: () => `c-${hex(10)}`,
    request: () => `r-${hex(8)}`,
    stream: () => `s-${hex(10)}`,
    // Never from the pool: what is a secret is not in memory before it is given out.
    token: (bytes) => Buffer.from(randomBytes(bytes)).toString('base64url'),
  };
}
