import { hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { deriveEach, deriveKey } from './derive-key.ts';
import { fromRedis } from './from-redis.ts';
import type { MasterKeys } from './master-keys.ts';
import { randomBytes } from './random-bytes.ts';
import { seal, unsealAny } from './seal.ts';

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
  masterKeys: MasterKeys;
}) {
  const { redis, keys, ids, masterKeys } = parts;
  return {
    seal(cookie: string, renewal: Renewal): string {
      const plain = Buffer.from(JSON.stringify(renewal));
      const key = keys.authRenewal(hashHex(cookie));
      const sealingKey = deriveKey(masterKeys.current, PURPOSE, cookie);
      return seal(sealingKey, randomBytes(ids, 12), plain, key).toString('base64');
    },
    async read(cookie: string): Promise<Renewal | undefined> {
      const key = keys.authRenewal(hashHex(cookie));
      const sealed = await fromRedis(redis.driver.get(key));
      if (sealed === null) return undefined;
      const opening = deriveEach(masterKeys, PURPOSE, cookie);
      const plain = unsealAny(opening, Buffer.from(sealed, 'base64'), key);
      return plain === undefined ? undefined : (JSON.parse(plain.toString()) as Renewal);
    },
  };
}
