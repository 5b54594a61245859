import type { Clock, Secret } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Proven } from './caller.ts';
import { deriveKey, macHex } from './derive-key.ts';
import { fromRedis } from './from-redis.ts';

const ID_BYTES = 16;

/** One session per identity in the scope: the same on every device, and the same after Redis lost everything. */
export interface SessionStore {
  idOf(kind: Proven['kind'], userId: string): string;
  /** Remembers that it was used now; returns when it began (epoch ms). One round trip. */
  touch(proven: Proven): Promise<number>;
  /** False: it was not remembered. */
  drop(sessionId: string): Promise<boolean>;
}

export function createSessionStore(parts: {
  redis: RedisConnection;
  keys: Keys;
  clock: Clock;
  scope: TenantProject;
  masterKey: Secret;
  ttlMs: number;
}): SessionStore {
  const { redis, keys, clock, scope, ttlMs } = parts;
  const mac = deriveKey(parts.masterKey, 'session-id');
  return {
    idOf: (kind, userId) => `s${macHex(mac, [scope.tenant, scope.project, kind, userId], ID_BYTES)}`,
    async touch(proven) {
      const key = keys.authSession(proven.sessionId);
      const now = String(clock.now());
      const fields = {
        user_id: proven.userId,
        user_type: proven.userType,
        username: proven.username ?? '',
        last_seen_at: now,
      };
      const replies = await fromRedis(
        redis.driver
          .multi()
          .hsetnx(key, 'created_at', now)
          .hset(key, fields)
          .pexpire(key, ttlMs)
          .hget(key, 'created_at')
          .exec(),
      );
      const createdAt = Number(replies?.[3]?.[1]);
      return Number.isFinite(createdAt) ? createdAt : clock.now();
    },
    drop: async (sessionId) => (await fromRedis(redis.driver.del(keys.authSession(sessionId)))) > 0,
  };
}
