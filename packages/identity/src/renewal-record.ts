import { hashHex } from '@switchyard/kernel';
import type { Ids, Secret } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { deriveKey } from './derive-key.ts';
import { fromRedis } from './from-redis.ts';
import { randomBytes } from './random-bytes.ts';
import { seal, unseal } from './seal.ts';

/** What the next token of a sign-in is made with. Sealed like the token: only who brings the cookie can open it. */
export interface Renewal {
  readonly signInId: string;
  readonly userId: string;
  /** Of the issuer, where the sign-in was proven elsewhere. */
  readonly refreshToken?: string | undefined;
}

const PURPOSE = 'token-renewal';

/** Seals and reads what Redis holds beside a masked token. */
export function createRenewalRecord(parts: {
  redis: RedisConnection;
  keys: Keys;
  ids: Ids;
  masterKey: Secret;
}) {
  const { redis, keys, ids, masterKey } = parts;
  const keyOf = (cookie: string) => deriveKey(masterKey, PURPOSE, cookie);
  return {
    seal(cookie: string, renewal: Renewal): string {
      const plain = Buffer.from(JSON.stringify(renewal));
      const key = keys.authRenewal(hashHex(cookie));
      return seal(keyOf(cookie), randomBytes(ids, 12), plain, key).toString('base64');
    },
    async read(cookie: string): Promise<Renewal | undefined> {
      const key = keys.authRenewal(hashHex(cookie));
      const sealed = await fromRedis(redis.driver.get(key));
      const plain = sealed === null ? undefined : unseal(keyOf(cookie), Buffer.from(sealed, 'base64'), key);
      return plain === undefined ? undefined : (JSON.parse(plain.toString()) as Renewal);
    },
  };
}
