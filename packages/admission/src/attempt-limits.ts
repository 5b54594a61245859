import { PlatformError } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { createCallCounter, fromStore } from './call-counter.ts';
import type { Bucket } from './call-counter.ts';
import type { Rate } from './parse-rates.ts';

/** Whom an attempt is counted for, and how many he has. */
export interface AttemptSubject {
  /** Enters Redis as a hash. */
  readonly name: string;
  readonly rates: readonly Rate[];
}

export interface AttemptLimits {
  /**
   * Takes one attempt from every subject before it is made, so that many at once are not more than the limit. Throws RATE_LIMITED with
   * Retry-After, and takes none, when one of them has none left. The returned function gives the attempt back: it was not a bad one.
   */
  take(subjects: readonly AttemptSubject[]): Promise<() => Promise<void>>;
}

/** Attempts at something that can be guessed. UNAVAILABLE without Redis: nobody may guess uncounted. */
export function createAttemptLimits(parts: { redis: RedisConnection; keys: Keys }): AttemptLimits {
  const { bucket, count } = createCallCounter(parts);
  const giveBack = async (taken: readonly Bucket[]): Promise<void> => {
    await Promise.all(taken.map(({ limiter, key }) => fromStore(limiter.reward(key, 1))));
  };
  return {
    async take(subjects) {
      const taken: Bucket[] = [];
      for (const { name, rates } of subjects) {
        for (const rate of rates) {
          const one = bucket(`attempt:${name}`, rate);
          taken.push(one);
          const refusedForMs = await count(one);
          if (refusedForMs === undefined) continue;
          await giveBack(taken);
          throw PlatformError.of('RATE_LIMITED', 'Too many attempts.', {
            retryAfterSec: Math.ceil(refusedForMs / 1000),
          });
        }
      }
      return () => giveBack(taken);
    },
  };
}
