import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import type { Clock, Ids, Scope } from '@switchyard/kernel';
import { connectRedis, createKeys, requireSafeRedis } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { migrate, openStore } from '@switchyard/store';
import type { Store } from '@switchyard/store';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { LoginConfig } from './env.ts';

export interface Resources {
  log: Log;
  metrics: Metrics;
  clock: Clock;
  ids: Ids;
  keys: Keys;
  redis: RedisConnection;
  store: Store;
}

/** Opens what the service talks to, in order; each opening registers its closer. */
export async function openResources(config: LoginConfig, scope: Scope): Promise<Resources> {
  const { tenant, project } = config;
  const log = createLog({ service: 'proxylogin', level: config.logLevel }).child({ tenant, project });
  const metrics = createMetrics({ service: 'proxylogin', withProcessMetrics: true });
  const ids = createIds(systemClock, randomBytes);
  const keys = createKeys(config);
  const redis = await scope.use(
    connectRedis({
      url: config.redisUrl,
      prefix: keys.prefix,
      name: 'proxylogin',
      kind: 'commands',
      onError: (error) => log.warn('redis connection failed', { error }),
    }),
    (connection) => connection.close(),
  );
  await requireSafeRedis(redis, (warning) => log.warn('redis settings are not the best', { warning }));
  await migrate(config.databaseUrl);
  const store = await scope.use(
    openStore({
      url: config.databaseUrl,
      poolSize: config.databasePoolSize,
      applicationName: 'proxylogin',
      onConnectionError: (error) => log.warn('postgres connection failed', { error }),
    }),
    (opened) => opened.close(),
  );
  return { log, metrics, clock: systemClock, ids, keys, redis, store };
}
