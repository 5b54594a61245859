import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { ratesOf } from './admission-settings.ts';
import type { AdmissionConfig } from './admission-settings.ts';
import type { Breakers } from './breakers.ts';
import type { Rate } from './parse-rates.ts';
import { createCallCounter, fromStore } from './call-counter.ts';
import type { Bucket } from './call-counter.ts';

/** Whom a call is counted for. */
export interface AdmissionCaller {
  userId: string;
  userType: UserType;
}

export interface Admission {
  /**
   * Counts one call. Throws RATE_LIMITED (429, `rate_limit.exceeded`, Retry-After) when a window of the caller is used up; such
   * a call is not counted. `address` is the client's. UNAVAILABLE without Redis.
   */
  admit(caller: AdmissionCaller, address?: string): Promise<void>;
  /** Admits a call and runs it. What `run` itself refuses for want of room (429, 503) does not count either (02). */
  admitted<T>(caller: AdmissionCaller, address: string | undefined, run: () => Promise<T>): Promise<T>;
  /** What is used of each window, for the console. */
  usage(caller: AdmissionCaller): Promise<{ rate: Rate; used: number }[]>;
  /** Forgets what a caller used. */
  reset(caller: AdmissionCaller): Promise<void>;
}

/**
 * `config` may be a function: then every call sees the settings of its moment. With `leases` busy callers are counted some calls ahead,
 * which saves most of their round trips: for calls that are many and cheap, as operations. Never more than the limit get through; up to
 * a twentieth fewer may, for a second, when a caller is busy in several processes.
 */
export function createAdmission(parts: {
  redis: RedisConnection;
  keys: Keys;
  config: AdmissionConfig | (() => AdmissionConfig);
  leases?: { clock: Pick<Clock, 'monotonic'> };
  /** Of what waits in lanes. */
  breakers?: Pick<Breakers, 'enter'>;
}): Admission {
  const { config, breakers, ...stores } = parts;
  const current = () => (typeof config === 'function' ? config() : config);
  const { bucket, count, reset } = createCallCounter(stores);

  const bucketsOf = ({ userId, userType }: AdmissionCaller) =>
    ratesOf(current(), userType).map((rate) =>
      bucket(`user:${userType === 'anonymous' ? 'anonymous' : 'known'}:${userId}`, rate),
    );

  // A browser that refuses cookies, or a script, is a new anonymous user each time; its address stays. Those who are signed in have a
  // window of their address apart, so that the strangers of a school or an office do not lock its people out.
  function addressBuckets({ userType }: AdmissionCaller, address: string | undefined): Bucket[] {
    if (address === undefined) return [];
    const { anonymousAddressFactor, rateAddress } = current();
    if (userType !== 'anonymous') return rateAddress.map((rate) => bucket(`address:known:${address}`, rate));
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

  /** What was counted, to be given back as it was: limits may change meanwhile. */
  async function take(caller: AdmissionCaller, address?: string): Promise<readonly Bucket[]> {
    const taken: Bucket[] = [];
    for (const each of bucketsFor(caller, address)) {
      const refusedForMs = await count(each);
      taken.push(each);
      if (refusedForMs === undefined) continue;
      await giveBack(taken);
      throw rateLimited(each.rate, refusedForMs);
    }
    return taken;
  }

  return {
    admit: async (caller, address) => void (await take(caller, address)),
    async admitted(caller, address, run) {
      const pass = await breakers?.enter(caller.userType);
      const taken = await take(caller, address);
      try {
        const result = await run();
        await pass?.accepted().catch(() => undefined);
        return result;
      } catch (error) {
        if (!(error instanceof PlatformError)) throw error;
        // The refusal is what the caller hears; that it still counts, or does not, is the smaller harm.
        if (error.code === 'ENQUEUE_REJECTED') await pass?.refused().catch(() => undefined);
        if (error.status === 429 || error.status === 503) await giveBack(taken).catch(() => undefined);
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
      await Promise.all(bucketsOf(caller).map(reset));
    },
  };
}

function rateLimited({ calls, windowSec }: Rate, waitMs: number): PlatformError {
  return PlatformError.of('RATE_LIMITED', undefined, {
    retryAfterSec: Math.max(1, Math.ceil(waitMs / 1000)),
    details: { limit: calls, window_sec: windowSec },
  });
}
