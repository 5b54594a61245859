import { PlatformError, sleep } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { fromRedis } from './from-redis.ts';

/** Longer than an issuer may take to answer: it takes a refresh token once, so a second renewal must not begin too early. */
const LOCK_MS = 20_000;
const POLL_MS = 50;

/**
 * Takes a renewal on, or waits until whoever has it gives it back. True: this caller holds it under his fence; false: somebody else did.
 * Throws UNAVAILABLE when that takes longer than a renewal may.
 */
export function createTakeOn(parts: { redis: RedisConnection; keys: Keys; clock: Clock }) {
  const { redis, keys, clock } = parts;
  return async (cookieHash: string, fence: string): Promise<boolean> => {
    const key = keys.authRenewing(cookieHash);
    const isMine = await fromRedis(redis.driver.set(key, fence, 'PX', LOCK_MS, 'NX'));
    if (isMine !== null) return true;
    const until = clock.monotonic() + LOCK_MS;
    while (clock.monotonic() < until) {
      await sleep(POLL_MS);
      if ((await fromRedis(redis.driver.exists(key))) === 0) return false;
    }
    throw PlatformError.of('UNAVAILABLE', 'The sign-in cannot be renewed right now.');
  };
}
