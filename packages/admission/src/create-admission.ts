import { PlatformError } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { toRedisError } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { ratesOf } from './admission-settings.ts';
import type { AdmissionConfig } from './admission-settings.ts';
import type { Rate } from './parse-rates.ts';

/** Whom a call is counted for. */
export interface AdmissionCaller {
  userId: string;
  userType: UserType;
}

export interface Admission {
  /**
   * Counts one call. Throws RATE_LIMITED (429, `rate_limit.exceeded`, Retry-After) when a window of the caller is used up; such
   * a call is not counted. `address` is the client's, and only counts for anonymous callers. UNAVAILABLE without Redis.
   */
  admit(caller: AdmissionCaller, address?: string): Promise<void>;
  /** Admits a call and runs it. What `run` itself refuses for want of room (429, 503) does not count either (02). */
  admitted<T>(caller: AdmissionCaller, address: string | undefined, run: () => Promise<T>): Promise<T>;
  /** What is used of each window, for the console. */
  usage(caller: AdmissionCaller): Promise<{ rate: Rate; used: number }[]>;
  /** Forgets what a caller used. */
  reset(caller: AdmissionCaller): Promise<void>;
}

/** One window of one subject: who, how many, and since when Redis knows. */
interface Bucket {
  limiter: RateLimiterRedis;
  key: string;
  rate: Rate;
}

/** `config` may be a function: then every call sees the settings of its moment. */
export function createAdmission(parts: {
  redis: RedisConnection;
  keys: Keys;
  config: AdmissionConfig | (() => AdmissionConfig);
}): Admission {
  const { redis, keys, config } = parts;
  const current = () => (typeof config === 'function' ? config() : config);
  const limiters = new Map<string, RateLimiterRedis>();

  function bucket(subject: string, rate: Rate): Bucket {
    const name = `${rate.calls}/${rate.windowSec}`;
    let limiter = limiters.get(name);
    if (limiter === undefined) {
      const options = { points: rate.calls, duration: rate.windowSec, keyPrefix: keys.rate() };
      limiters.set(name, (limiter = new RateLimiterRedis({ ...options, storeClient: redis.driver })));
    }
    // The window is part of the key, the number of calls is not: a changed limit holds for the window that runs.
    return { limiter, key: `${rate.windowSec}:${keys.hash(subject)}`, rate };
  }

  const bucketsOf = ({ userId, userType }: AdmissionCaller) =>
    ratesOf(current(), userType).map((rate) =>
      bucket(`user:${userType === 'anonymous' ? 'anonymous' : 'known'}:${userId}`, rate),
    );

  // A browser that refuses cookies, or a script, is a new anonymous user each time; its address stays.
  function addressBuckets({ userType }: AdmissionCaller, address: string | undefined): Bucket[] {
    if (userType !== 'anonymous' || address === undefined) return [];
    const { anonymousAddressFactor } = current();
    return ratesOf(current(), 'anonymous').map((rate) =>
      bucket(`address:${address}`, { ...rate, calls: Math.ceil(rate.calls * anonymousAddressFactor) }),
    );
  }

  const bucketsFor = (caller: AdmissionCaller, address: string | undefined) => [
    ...bucketsOf(caller),
    ...addressBuckets(caller, address),
  ];

  async function giveBack(buckets: readonly Bucket[]): Promise<void> {
    await Promise.all(buckets.map(({ limiter, key }) => fromStore(limiter.reward(key, 1))));
  }

  async function admit(caller: AdmissionCaller, address?: string): Promise<void> {
    const taken: Bucket[] = [];
    for (const each of bucketsFor(caller, address)) {
      const refusedForMs = await consume(each);
      taken.push(each);
      if (refusedForMs === undefined) continue;
      await giveBack(taken);
      throw rateLimited(each.rate, refusedForMs);
    }
  }

  return {
    admit,
    async admitted(caller, address, run) {
      await admit(caller, address);
      try {
        return await run();
      } catch (error) {
        const isForWantOfRoom =
          error instanceof PlatformError && (error.status === 429 || error.status === 503);
        // The refusal is what the caller hears; that it still counts is the smaller harm.
        if (isForWantOfRoom) await giveBack(bucketsFor(caller, address)).catch(() => undefined);
        throw error;
      }
    },
    usage: (caller) =>
      Promise.all(
        bucketsOf(caller).map(async ({ limiter, key, rate }) => {
          const found = await fromStore(limiter.get(key));
          return { rate, used: found?.consumedPoints ?? 0 };
        }),
      ),
    async reset(caller) {
      await Promise.all(bucketsOf(caller).map(({ limiter, key }) => fromStore(limiter.delete(key))));
    },
  };
}

/** Undefined: admitted. Else the milliseconds until the window ends. */
async function consume({ limiter, key }: Bucket): Promise<number | undefined> {
  try {
    await limiter.consume(key, 1);
    return undefined;
  } catch (error) {
    // The limiter rejects with its verdict, which is not an Error.
    if (error instanceof RateLimiterRes) return error.msBeforeNext;
    throw toRedisError(error);
  }
}

async function fromStore<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw toRedisError(error);
  }
}

function rateLimited({ calls, windowSec }: Rate, waitMs: number): PlatformError {
  return PlatformError.of('RATE_LIMITED', undefined, {
    retryAfterSec: Math.max(1, Math.ceil(waitMs / 1000)),
    details: { limit: calls, window_sec: windowSec },
  });
}
