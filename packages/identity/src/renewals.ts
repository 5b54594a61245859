import { fileURLToPath } from 'node:url';
import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import { loadScripts } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { fromRedis } from './from-redis.ts';
import { createTakeOn } from './create-take-on.ts';
import type { MasterKeys } from './master-keys.ts';
import { createRenewalRecord } from './renewal-record.ts';
import type { Renewal } from './renewal-record.ts';
import { COOKIE_BYTES, COOKIE_PATTERN, createTokenSeal } from './token-vault.ts';

export interface FreshToken {
  readonly token: string;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly renewal: Renewal;
}

export type RenewalOutcome = 'renewed' | 'ended';

/** Sign-ins whose tokens live for minutes and are made anew behind the cookie. */
export interface Renewals {
  /** Returns the cookie's value. The sign-in ends at `until`, epoch ms, however often it is renewed. */
  mask(fresh: FreshToken, until: number): Promise<string>;
  /** Whether a cookie without a token has a sign-in that could get a new one. */
  isRenewable(cookie: string): Promise<boolean>;
  /**
   * A new token behind the cookie, made by one caller of all in all processes; the others wait for it. `make` answers undefined when the sign-in
   * is over: then it ends here too. Throws UNAVAILABLE when it takes too long, and whatever `make` throws.
   */
  renew(cookie: string, make: (renewal: Renewal) => Promise<FreshToken | undefined>): Promise<RenewalOutcome>;
}

export interface RenewalParts {
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly masterKeys: MasterKeys;
  /** So long before its token runs out a cookie asks for the next one, ms. */
  readonly aheadMs: number;
}

export function createRenewals(parts: RenewalParts): Renewals {
  const { redis, keys, clock, ids, masterKeys, aheadMs } = parts;
  const scripts = loadScripts(fileURLToPath(new URL('scripts/', import.meta.url)));
  const call = { connection: redis, prefix: keys.prefix };
  const replace = scripts.define('replace-masked', Number);
  const release = scripts.define('release-renewal', Number);
  const sealToken = createTokenSeal({ keys, ids, masterKeys });
  const record = createRenewalRecord(parts);
  const takeOn = createTakeOn(parts);
  const isThere = async (key: string) => (await fromRedis(redis.driver.exists(key))) > 0;

  // At most half of a token's life is given away, so that a very short one is not renewed at every request.
  const tokenMs = (expiresAt: number) => {
    const left = expiresAt - clock.now();
    return Math.max(1, Math.floor(Math.max(left - aheadMs, left / 2)));
  };

  async function renewHeld(
    cookie: string,
    fence: string,
    make: (renewal: Renewal) => Promise<FreshToken | undefined>,
  ): Promise<RenewalOutcome> {
    const cookieHash = hashHex(cookie);
    const giveBack = (isOver: boolean) =>
      release(call, { hash: cookieHash, fence, is_over: isOver ? '1' : '0' });
    let fresh: FreshToken | undefined;
    try {
      const renewal = await record.read(cookie);
      // Between the look and the lock another one may have done it.
      if (renewal !== undefined && (await isThere(keys.authMasked(cookieHash)))) {
        await giveBack(false);
        return 'renewed';
      }
      fresh = renewal === undefined ? undefined : await make(renewal);
    } catch (error) {
      await giveBack(false).catch(() => undefined);
      throw error;
    }
    if (fresh === undefined) {
      await giveBack(true);
      return 'ended';
    }
    const outcome = await replace(call, {
      hash: cookieHash,
      fence,
      token: sealToken(cookie, fresh.token),
      token_ms: tokenMs(fresh.expiresAt),
      renewal: record.seal(cookie, fresh.renewal),
    });
    if (outcome === 0) throw PlatformError.of('UNAVAILABLE', 'The sign-in cannot be renewed right now.');
    return outcome === 1 ? 'renewed' : 'ended';
  }

  return {
    async mask(fresh, until) {
      const cookie = ids.token(COOKIE_BYTES);
      const cookieHash = hashHex(cookie);
      const leftMs = Math.max(1, Math.floor(until - clock.now()));
      const writes = redis.driver
        .multi()
        .set(
          keys.authMasked(cookieHash),
          sealToken(cookie, fresh.token),
          'PX',
          Math.min(tokenMs(fresh.expiresAt), leftMs),
        )
        .set(keys.authRenewal(cookieHash), record.seal(cookie, fresh.renewal), 'PX', leftMs);
      await fromRedis(writes.exec());
      return cookie;
    },
    isRenewable: async (cookie) =>
      COOKIE_PATTERN.test(cookie) && (await isThere(keys.authRenewal(hashHex(cookie)))),
    async renew(cookie, make) {
      if (!COOKIE_PATTERN.test(cookie)) return 'ended';
      const [cookieHash, fence] = [hashHex(cookie), ids.token(16)];
      while (!(await takeOn(cookieHash, fence))) {
        if (await isThere(keys.authMasked(cookieHash))) return 'renewed';
        if (!(await isThere(keys.authRenewal(cookieHash)))) return 'ended';
        // Whoever held it has failed: the next one tries.
      }
      return renewHeld(cookie, fence, make);
    },
  };
}
