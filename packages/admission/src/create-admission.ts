import { PlatformError } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { isConnectionLost } from '@switchyard/redis';
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

  return {
    async admit(caller, address) {
      const taken: Bucket[] = [];
      for (const each of [...bucketsOf(caller), ...addressBuckets(caller, address)]) {
        const refusedForMs = await consume(each);
        if (refusedForMs === undefined) {
          taken.push(each);
          continue;
        }
        await Promise.all([...taken, each].map(({ limiter, key }) => fromStore(limiter.reward(key, 1))));
        throw rateLimited(each.rate, refusedForMs);
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
    throw asUnavailable(error);
  }
}

async function fromStore<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw asUnavailable(error);
  }
}

function asUnavailable(error: unknown): unknown {
  return isConnectionLost(error) ? PlatformError.of('UNAVAILABLE', undefined, { cause: error }) : error;
}

function rateLimited({ calls, windowSec }: Rate, waitMs: number): PlatformError {
  return PlatformError.of('RATE_LIMITED', undefined, {
    retryAfterSec: Math.max(1, Math.ceil(waitMs / 1000)),
    details: { limit: calls, window_sec: windowSec },
  });
}
