import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import type { Clock, Ids, Scope } from '@switchyard/kernel';
import { connectRedis, createKeys, createSubscriber, requireSafeRedis } from '@switchyard/redis';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import { createBlobStore, migrate, openStore } from '@switchyard/store';
import type { BlobStore, Store } from '@switchyard/store';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { IngressConfig } from './env.ts';

export interface Resources {
  log: Log;
  metrics: Metrics;
  clock: Clock;
  ids: Ids;
  keys: Keys;
  redis: RedisConnection;
  subscriber: Subscriber;
  store: Store;
  blobs: BlobStore;
}

/** Opens what the service talks to, in order; each opening registers its closer. */
export async function openResources(config: IngressConfig, scope: Scope): Promise<Resources> {
  const log = createLog({ service: 'chat-ingress', level: config.logLevel }).child({
    tenant: config.tenant,
    project: config.project,
  });
  const metrics = createMetrics({ service: 'chat-ingress', withProcessMetrics: true });
  const ids = createIds(systemClock, randomBytes);
  const keys = createKeys(config);
  const connect = (kind: 'commands' | 'subscriber') =>
    scope.use(
      connectRedis({
        url: config.redisUrl,
        prefix: keys.prefix,
        name: `chat-ingress:${kind}`,
        kind,
        onError: (error) => log.warn('redis connection failed', { kind, error }),
      }),
      (connection) => connection.close(),
    );
  const redis = await connect('commands');
  await requireSafeRedis(redis, (warning) => log.warn('redis settings are not the best', { warning }));
  const subscriber = createSubscriber(await connect('subscriber'));
  await migrate(config.databaseUrl);
  const store = await scope.use(
    openStore({
      url: config.databaseUrl,
      poolSize: config.databasePoolSize,
      applicationName: 'chat-ingress',
      onConnectionError: (error) => log.warn('postgres connection failed', { error }),
    }),
    (opened) => opened.close(),
  );
  return {
    log,
    metrics,
    clock: systemClock,
    ids,
    keys,
    redis,
    subscriber,
    store,
    blobs: createBlobStore({ dir: config.blobDir }),
  };
}
