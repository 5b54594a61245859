import { mkdir, mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueAccessToken, openDataFolder } from '@switchyard/devstack';
import { connectRedis, createKeys } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import {
  compiledOnce,
  createTestDatabase,
  lastingPort,
  sharePrograms,
  uniqueName,
} from '@switchyard/testkit';
import { inject } from 'vitest';
import { prepareJournalBundle, readJournal } from '../history/journal-bundle.ts';
import type { BundleRecord } from '../history/records.ts';
import { createStoreReader } from '../history/store-reader.ts';
import type { StoreReader } from '../history/store-reader.ts';
import { createServiceSlot } from './service-slot.ts';
import type { ServiceSlot } from './service-slot.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const BUNDLE = 'journal';

export interface StageOptions {
  /** Settings of all services over those of the stage. */
  readonly env?: Readonly<Record<string, string>>;
  /** The first service that starts makes the tables. */
  readonly isUnmigrated?: boolean;
}

/** Two ingress and two workers over one scope, each a process of its own, and hands on both stores. */
export interface Stage {
  readonly scope: { readonly tenant: string; readonly project: string };
  readonly ingresses: readonly [ServiceSlot, ServiceSlot];
  readonly workers: readonly [ServiceSlot, ServiceSlot];
  readonly slots: readonly ServiceSlot[];
  readonly reader: StoreReader;
  readonly sql: Sql;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly bundlesDir: string;
  /** Where workers keep the folders and the program of their hosts. */
  readonly hostsDir: string;
  token(user: string): Promise<string>;
  journal(): BundleRecord[];
  close(): Promise<void>;
}

/** Short, so that what died is found within seconds; a claim is lost after LEASE and found after another one. */
export const LEASE_MS = 1500;

const SETTINGS = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'error',
  HOST: '127.0.0.1',
  METRICS_PORT: '0',
  RUNNER_SANDBOX: 'none',
  DEFAULT_BUNDLE: BUNDLE,
  LEASE: `${LEASE_MS}ms`,
  LEASE_RENEW: '300ms',
  REAP_EVERY: '200ms',
  RECONCILE_EVERY: '500ms',
  RECONCILE_AFTER: '2s',
  HEARTBEAT_EVERY: '1s',
  BUNDLE_REFRESH: '500ms',
  // A message whose worker dies before its start is claimed again; here that happens far more often than anywhere.
  MAX_ATTEMPTS: '20',
  SLOTS: '6',
  DRAIN_LIMIT: '3s',
  ABORT_GRACE: '1s',
  SHUTDOWN_SPREAD: '100ms',
  STOP_LIMIT: '5s',
  RATE_REGISTERED: '100000/1m',
  RATE_ADDRESS: '100000/1m',
  USER_QUEUE_REGISTERED: '6',
} as const;

export const openStage = async ({ env = {}, isUnmigrated = false }: StageOptions = {}): Promise<Stage> => {
  const scope = { tenant: uniqueName('t'), project: 'crash' };
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-crash-'));
  await chmod(dir, 0o755);
  const [bundlesDir, hostsDir, docsDir, journalFile] = [
    join(dir, 'bundles'),
    join(dir, 'hosts'),
    join(dir, 'docs'),
    join(dir, 'journal.jsonl'),
  ];
  await mkdir(docsDir);
  await prepareJournalBundle(bundlesDir, journalFile, BUNDLE);
  const [data, database] = [
    await openDataFolder(join(dir, 'data')),
    await createTestDatabase({ isEmpty: isUnmigrated }),
  ];
  const access = {
    ...scope,
    redisUrl: inject('redisUrl'),
    databaseUrl: database.url,
    masterKey: data.credentials.masterKey,
  };
  await sharePrograms(hostsDir);
  const shared = {
    ...SETTINGS,
    PATH: process.env['PATH'] ?? '',
    TENANT: scope.tenant,
    PROJECT: scope.project,
    REDIS_URL: access.redisUrl,
    DATABASE_URL: access.databaseUrl,
    SWITCHYARD_MASTER_KEY: access.masterKey,
    DATA_DIR: data.root,
    BLOB_DIR: join(data.root, 'blobs'),
    BUNDLE_STORE_DIR: join(data.root, 'bundles'),
    BUNDLES_DIR: bundlesDir,
    RUNNER_WORK_DIR: hostsDir,
    DOCS_DIR: docsDir,
    // Services are started some sixty times.
    ...compiledOnce(),
    ...env,
  };
  const slot = async (service: ServiceSlot['service'], name: string): Promise<ServiceSlot> =>
    createServiceSlot({ name, service, port: await lastingPort(), root: ROOT, env: shared });
  const ingresses = [
    await slot('chat-ingress', 'ingress-1'),
    await slot('chat-ingress', 'ingress-2'),
  ] as const;
  const workers = [await slot('chat-proc', 'proc-1'), await slot('chat-proc', 'proc-2')] as const;
  const slots = [...ingresses, ...workers];
  const reader = await createStoreReader({ ...access, scope });
  const store = await openStore({ url: access.databaseUrl, poolSize: 2, applicationName: 'history' });
  const redis = await connectRedis({ url: access.redisUrl, name: 'history', kind: 'commands' });
  return {
    scope,
    ingresses,
    workers,
    slots,
    reader,
    sql: store.sql,
    redis,
    keys: createKeys(scope),
    bundlesDir,
    hostsDir,
    token: (user) => issueAccessToken(access, { user, type: 'registered' }),
    journal: () => readJournal(journalFile),
    close: async () => {
      await Promise.all(workers.map((each) => each.stop()));
      await Promise.all(ingresses.map((each) => each.stop()));
      await Promise.all([reader.close(), redis.close(), store.close()]);
      await database.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
