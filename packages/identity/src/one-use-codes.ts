import { hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { RedisConnection } from '@switchyard/redis';
import { fromRedis } from './from-redis.ts';

const CODE_BYTES = 32;
const CODE = /^[\w-]{43}$/;

/** Codes that open something once within their time. Redis holds their hash and what they stand for, never the code. */
export interface OneUseCodes<T> {
  make(value: T): Promise<string>;
  /** What a code stands for, which stays: for a page that is only looked at. */
  look(code: string): Promise<T | undefined>;
  /** GETDEL: of any number of callers one gets the value. Undefined: unknown, used, or run out. */
  use(code: string): Promise<T | undefined>;
}

export function createOneUseCodes<T extends object>(parts: {
  redis: RedisConnection;
  ids: Ids;
  keyOf: (codeHash: string) => string;
  ttlMs: number;
}): OneUseCodes<T> {
  const { redis, ids, keyOf, ttlMs } = parts;
  return {
    async make(value) {
      const code = ids.token(CODE_BYTES);
      await fromRedis(redis.driver.set(keyOf(hashHex(code)), JSON.stringify(value), 'PX', ttlMs));
      return code;
    },
    async look(code) {
      if (!CODE.test(code)) return undefined;
      const text = await fromRedis(redis.driver.get(keyOf(hashHex(code))));
      return text === null ? undefined : (JSON.parse(text) as T);
    },
    async use(code) {
      if (!CODE.test(code)) return undefined;
      const text = await fromRedis(redis.driver.getdel(keyOf(hashHex(code))));
      return text === null ? undefined : (JSON.parse(text) as T);
    },
  };
}
