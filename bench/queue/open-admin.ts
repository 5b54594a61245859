import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import { createTurnsAdmin, turnsConfigSchema } from '@switchyard/turns';
import type { TurnsAdmin } from '@switchyard/turns';
import type { Servers } from '../src/servers.ts';

/** The operator's side of one project's queue, with what it stands on. */
export interface AdminRig {
  readonly admin: TurnsAdmin;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly sql: Sql;
  close(): Promise<void>;
}

export async function openAdmin(
  servers: Pick<Servers, 'redisUrl' | 'databaseUrl'>,
  project: string,
): Promise<AdminRig> {
  const scope = { tenant: 'bench', project };
  const keys = createKeys(scope);
  const redis = await connectRedis({ url: servers.redisUrl, kind: 'commands', name: 'bench' });
  const store = await openStore({ url: servers.databaseUrl, poolSize: 4, applicationName: 'bench' });
  const config = { ...turnsConfigSchema.parse({}), oldestWaitLimit: 30_000 };
  const ids = createIds(systemClock, randomBytes);
  const admin = createTurnsAdmin({ redis, sql: store.sql, keys, scope, config, clock: systemClock, ids });
  return {
    admin,
    redis,
    keys,
    sql: store.sql,
    async close() {
      await redis.close();
      await store.close();
    },
  };
}
