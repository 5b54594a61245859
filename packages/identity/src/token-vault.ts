import { hashHex } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { deriveEach, deriveKey } from './derive-key.ts';
import { fromRedis } from './from-redis.ts';
import type { MasterKeys } from './master-keys.ts';
import { randomBytes } from './random-bytes.ts';
import { seal, unsealAny } from './seal.ts';

/**
 * Tokens that browsers never see. Redis holds them under the hash of the cookie, sealed with a key made of the master key *and*
 * the cookie: a copy of Redis opens nothing, not even together with the master key.
 */
export interface TokenVault {
  /** Returns the cookie's value, 256 random bits. `expiresAt` in epoch ms; the record ends with the token. */
  mask(token: string, expiresAt: number): Promise<string>;
  /** Undefined: not signed in (unknown, ended, run out, or not a value of ours). */
  unmask(cookie: string): Promise<string | undefined>;
  drop(cookie: string): Promise<boolean>;
  /** The same for who knows only the hash: ending a sign-in from another device. */
  dropByHash(maskedHash: string): Promise<boolean>;
  hashOf(cookie: string): string;
}

export const COOKIE_BYTES = 32;
export const COOKIE_PATTERN = /^[\w-]{43}$/;
const PURPOSE = 'token-vault';

/** A token as Redis holds it: sealed for this cookie. */
export function createTokenSeal(parts: { keys: Keys; ids: Ids; masterKeys: MasterKeys }) {
  return (cookie: string, token: string): string => {
    const key = deriveKey(parts.masterKeys.current, PURPOSE, cookie);
    const place = parts.keys.authMasked(hashHex(cookie));
    return seal(key, randomBytes(parts.ids, 12), Buffer.from(token), place).toString('base64');
  };
}

export function createTokenVault(parts: {
  redis: RedisConnection;
  keys: Keys;
  clock: Clock;
  ids: Ids;
  masterKeys: MasterKeys;
}): TokenVault {
  const { redis, keys, clock, ids, masterKeys } = parts;
  // Throws at once where the master key is not fit, and not at the first sign-in.
  deriveKey(masterKeys.current, PURPOSE);
  const keysOf = (cookie: string) => deriveEach(masterKeys, PURPOSE, cookie);
  const sealToken = createTokenSeal({ keys, ids, masterKeys });
  // Token and renewal in one command: of a sign-in that has ended nothing is left to make a token with.
  const drop = async (maskedHash: string) =>
    (await fromRedis(redis.driver.del(keys.authMasked(maskedHash), keys.authRenewal(maskedHash)))) > 0;
  return {
    hashOf: hashHex,
    async mask(token, expiresAt) {
      const cookie = ids.token(COOKIE_BYTES);
      const key = keys.authMasked(hashHex(cookie));
      const lifeMs = Math.max(1, Math.floor(expiresAt - clock.now()));
      await fromRedis(redis.driver.set(key, sealToken(cookie, token), 'PX', lifeMs));
      return cookie;
    },
    async unmask(cookie) {
      if (!COOKIE_PATTERN.test(cookie)) return undefined;
      const key = keys.authMasked(hashHex(cookie));
      const sealed = await fromRedis(redis.driver.get(key));
      return sealed === null
        ? undefined
        : unsealAny(keysOf(cookie), Buffer.from(sealed, 'base64'), key)?.toString();
    },
    drop: async (cookie) => COOKIE_PATTERN.test(cookie) && (await drop(hashHex(cookie))),
    dropByHash: drop,
  };
}
