import type { Clock } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Proven } from './caller.ts';
import { macHex } from './derive-key.ts';
import { fromRedis } from './from-redis.ts';

const ID_BYTES = 16;
// A session that this process touched so recently is not written again: one round trip less on every request of a busy user.
// Its life is a day, so some seconds do not matter, and a session that was dropped meanwhile holds nothing that could be used.
const FRESH_MS = 5000;
// Of what is remembered in this process: sessions of a moment ago, and the session ids of users, whose MAC was a twentieth of what a call of an operation cost.
const MAX_FRESH = 10_000;

/** One session per identity in the scope: the same on every device, and the same after Redis lost everything. */
export interface SessionStore {
  idOf(kind: Proven['kind'], userId: string): string;
  /** Remembers that it was used now; returns when it began (epoch ms). One round trip, at most every five seconds. */
  touch(proven: Proven): Promise<number>;
  /** False: it was not remembered. */
  drop(sessionId: string): Promise<boolean>;
}

export function createSessionStore(parts: {
  redis: RedisConnection;
  keys: Keys;
  clock: Clock;
  scope: TenantProject;
  /** Of `session-id`, the same for the whole life of the installation. */
  nameKey: Buffer;
  ttlMs: number;
}): SessionStore {
  const { redis, keys, clock, scope, nameKey, ttlMs } = parts;
  const ids = new Map<string, string>();
  const fresh = new Map<string, { createdAt: number; touchedAt: number; proven: Proven }>();
  const remember = (proven: Proven, createdAt: number): void => {
    if (fresh.size >= MAX_FRESH) fresh.clear();
    fresh.set(proven.sessionId, { createdAt, touchedAt: clock.monotonic(), proven });
  };
  return {
    idOf(kind, userId) {
      const who = `${kind}:${userId}`;
      const known = ids.get(who);
      if (known !== undefined) return known;
      const id = `s${macHex(nameKey, [scope.tenant, scope.project, kind, userId], ID_BYTES)}`;
      if (ids.size >= MAX_FRESH) ids.clear();
      ids.set(who, id);
      return id;
    },
    async touch(proven) {
      const known = fresh.get(proven.sessionId);
      const isFresh = known !== undefined && clock.monotonic() - known.touchedAt < FRESH_MS;
      // Another user type or name is news, however fresh.
      if (isFresh && isSame(known.proven, proven)) return known.createdAt;
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
      const stored = Number(replies?.[3]?.[1]);
      const createdAt = Number.isFinite(stored) ? stored : clock.now();
      remember(proven, createdAt);
      return createdAt;
    },
    async drop(sessionId) {
      fresh.delete(sessionId);
      return (await fromRedis(redis.driver.del(keys.authSession(sessionId)))) > 0;
    },
  };
}

function isSame(one: Proven, other: Proven): boolean {
  return (
    one === other ||
    (one.userId === other.userId && one.userType === other.userType && one.username === other.username)
  );
}
