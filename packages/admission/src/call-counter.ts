import type { Clock } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rate } from './parse-rates.ts';
import { createPointLeases } from './point-leases.ts';

/** Subjects of whom a hash is remembered. */
const MAX_HASHES = 10_000;

/** One window of one subject: who, how many, and since when Redis knows. */
export interface Bucket {
  limiter: RateLimiterRedis;
  key: string;
  rate: Rate;
}

export interface CallCounterParts {
  redis: RedisConnection;
  keys: Keys;
  leases?: { clock: Pick<Clock, 'monotonic'> } | undefined;
}

/** Counts calls in their windows: each by a round trip, or, with `leases`, those of busy callers some calls ahead. */
export function createCallCounter(parts: CallCounterParts) {
  const { redis, keys } = parts;
  const limiters = new Map<string, RateLimiterRedis>();
  const hashes = new Map<string, string>();
  const leases = parts.leases === undefined ? undefined : createPointLeases(parts.leases.clock);
  let sweeping: NodeJS.Timeout | undefined;

  function limiterOf(rate: Rate): RateLimiterRedis {
    const name = `${rate.calls}/${rate.windowSec}`;
    let limiter = limiters.get(name);
    if (limiter === undefined) {
      const options = { points: rate.calls, duration: rate.windowSec, keyPrefix: keys.rate() };
      limiters.set(name, (limiter = new RateLimiterRedis({ ...options, storeClient: redis.driver })));
    }
    return limiter;
  }

  /** Of a caller who comes again and again it is always the same. */
  function hashOf(subject: string): string {
    const known = hashes.get(subject);
    if (known !== undefined) return known;
    const hash = keys.hash(subject);
    if (hashes.size >= MAX_HASHES) hashes.clear();
    hashes.set(subject, hash);
    return hash;
  }

  function sweep(): void {
    sweeping = undefined;
    if (leases === undefined) return;
    // One that cannot be given back is its caller's loss until the window ends, and a small one.
    for (const { key, rate, points } of leases.takeLeftOver())
      limiterOf(rate)
        .reward(key, points)
        .catch(() => undefined);
    if (leases.count > 0) sweepSoon(leases.sweepMs);
  }
  const sweepSoon = (ms: number): void => void (sweeping ??= setTimeout(sweep, ms).unref());

  return {
    // The window is part of the key, the number of calls is not: a changed limit holds for the window that runs.
    bucket: (subject: string, rate: Rate): Bucket => ({
      limiter: limiterOf(rate),
      key: `${rate.windowSec}:${hashOf(subject)}`,
      rate,
    }),
    /** Undefined: counted. Else the milliseconds until the window ends. */
    async count(one: Bucket): Promise<number | undefined> {
      if (leases === undefined) return (await consume(one, 1)).refusedForMs;
      const { key, rate, limiter } = one;
      if (leases.use(key)) return undefined;
      const ahead = leases.wanted(key, rate);
      const answer = await consume(one, 1 + ahead);
      if (answer.refusedForMs === undefined) {
        leases.keep(key, rate, ahead, answer);
        sweepSoon(leases.sweepMs);
        return undefined;
      }
      if (ahead === 0) return answer.refusedForMs;
      // Others were as busy meanwhile: what was asked for ahead is not to keep this one out.
      await fromStore(limiter.reward(key, 1 + ahead));
      return (await consume(one, 1)).refusedForMs;
    },
    async reset(one: Bucket): Promise<void> {
      leases?.forget(one.key);
      await fromStore(one.limiter.delete(one.key));
    },
  };
}

interface Consumed {
  readonly remaining: number;
  readonly windowMs: number;
  /** Set: not counted in the caller's favour. */
  readonly refusedForMs: number | undefined;
}

async function consume({ limiter, key }: Bucket, points: number): Promise<Consumed> {
  try {
    const { remainingPoints: remaining, msBeforeNext: windowMs } = await limiter.consume(key, points);
    return { remaining, windowMs, refusedForMs: undefined };
  } catch (error) {
    // The limiter rejects with its verdict, which is not an Error.
    if (error instanceof RateLimiterRes)
      return { remaining: 0, windowMs: error.msBeforeNext, refusedForMs: error.msBeforeNext };
    throw toRedisError(error);
  }
}

export async function fromStore<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw toRedisError(error);
  }
}
