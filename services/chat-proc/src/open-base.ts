import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { openKeptKeys } from '@switchyard/identity';
import { createIds, systemClock } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { connectRedis, createKeys, createSubscriber, requireSafeRedis } from '@switchyard/redis';
import type { RedisKind } from '@switchyard/redis';
import { createFileBundleStore } from '@switchyard/registry';
import { createBundles, createDocuments } from '@switchyard/store';
import { migrate, openStore } from '@switchyard/store';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { ProcConfig } from './env.ts';
import { BundleLogs } from './logs/bundle-logs.ts';
import { teeLog } from './logs/tee-log.ts';

export type Base = Awaited<ReturnType<typeof openBase>>;

/** Stores, connections and what needs nothing else. */
export async function openBase(scope: Scope, config: ProcConfig) {
  const clock = systemClock;
  const at = { tenant: config.tenant, project: config.project };
  const keys = createKeys(at);
  const bundleLogs = new BundleLogs();
  const log = teeLog(createLog({ service: 'chat-proc', level: config.logLevel }), bundleLogs, clock).child(
    at,
  );
  await migrate(config.databaseUrl);
  const opening = openStore({
    url: config.databaseUrl,
    poolSize: config.databasePool,
    applicationName: 'chat-proc',
    onConnectionError: (error) => log.warn('postgres connection broke', { error }),
  });
  const store = await scope.use(opening, (opened) => opened.close());
  const connect = (name: string, kind: RedisKind) =>
    connectRedis({
      url: config.redisUrl,
      prefix: keys.prefix,
      name: `chat-proc:${name}`,
      kind,
      onError: (error) => log.warn('redis connection broke', { connection: name, error }),
    });
  const redis = await scope.use(connect('commands', 'commands'), (opened) => opened.close());
  await requireSafeRedis(redis, (warning) => log.warn('redis settings are not the best', { warning }));
  const subscribing = await scope.use(connect('subscriber', 'subscriber'), (opened) => opened.close());
  const ids = createIds(clock, randomBytes);
  return {
    clock,
    log,
    bundleLogs,
    store,
    connect,
    redis,
    ids,
    bundleStore: createFileBundleStore({ dir: resolve(config.bundleStoreDir), token: ids.token(9) }),
    random: () => randomBytes(2).readUInt16BE() / 65_536,
    metrics: createMetrics({ service: 'chat-proc', withProcessMetrics: true }),
    scope: at,
    /** Proves at the start that the master key fits the database. */
    kept: await openKeptKeys({ sql: store.sql, ids, config }),
    keys,
    sql: store.sql,
    subscriber: createSubscriber(subscribing),
    bundles: createBundles(store.sql, at),
    documents: createDocuments(store.sql, at),
  };
}
