import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort, openDataFolder } from '@switchyard/devstack';
import { createIdentity, identitySettings, rolesOfUserType } from '@switchyard/identity';
import { createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import { z } from 'zod';
import { startProgram } from './probed-process.ts';
import type { ProbedProcess } from './probed-process.ts';
import type { Servers } from './servers.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const TENANT = 'bench';

/** What the image of a service sets beside its own settings. */
const SHIPPED: Readonly<Record<string, Record<string, string>>> = {
  'chat-proc': { NODE_OPTIONS: '--max-semi-space-size=64' },
};

export interface ServiceProcess extends ProbedProcess {
  readonly url: string;
  readonly port: number;
}

/** Services of ours as they are shipped, each in a process whose costs can be asked for and which can be killed. */
export interface ServiceProcesses {
  readonly tenant: string;
  readonly project: string;
  start(
    name: 'chat-ingress' | 'chat-proc' | 'web-proxy',
    options?: { env?: Record<string, string>; hasGc?: boolean; isUnread?: boolean; port?: number },
  ): Promise<ServiceProcess>;
  /** Access tokens of so many users, each with a session of its own. */
  issueTokens(count: number): Promise<string[]>;
  close(): Promise<void>;
}

export async function openServices(
  servers: Servers,
  options: { project: string; bundlesDir?: string },
): Promise<ServiceProcesses> {
  const { project } = options;
  const dir = await mkdtemp(path.join(os.tmpdir(), 'switchyard-bench-'));
  await chmod(dir, 0o755);
  const data = await openDataFolder(path.join(dir, 'data'));
  const shared = {
    NODE_ENV: 'production',
    LOG_LEVEL: 'error',
    HOST: '127.0.0.1',
    METRICS_PORT: '0',
    TENANT,
    PROJECT: project,
    PUBLIC_URL: 'http://localhost:8080',
    REDIS_URL: servers.redisUrl,
    DATABASE_URL: servers.databaseUrl,
    SWITCHYARD_MASTER_KEY: servers.masterKey,
    DATA_DIR: data.root,
    BLOB_DIR: `${data.root}/blobs`,
    BUNDLE_STORE_DIR: `${data.root}/bundles`,
    BUNDLES_DIR: options.bundlesDir ?? path.join(ROOT, 'bundles'),
    DOCS_DIR: path.join(ROOT, 'docs'),
  };
  return {
    tenant: TENANT,
    project,
    async start(name, { env = {}, hasGc = false, isUnread = false, port: wanted } = {}) {
      const port = wanted ?? (await freePort());
      const folder = path.join(ROOT, 'services', name);
      const program = await startProgram({
        file: path.join(folder, 'src', 'main.ts'),
        cwd: folder,
        env: { ...shared, PORT: String(port), ...SHIPPED[name], ...env },
        hasGc,
        isUnread,
      });
      return { ...program, port, url: `http://127.0.0.1:${port}` };
    },
    issueTokens: (count) => issueTokens(servers, project, count),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

async function issueTokens(servers: Servers, project: string, count: number): Promise<string[]> {
  const keys = createKeys({ tenant: TENANT, project });
  const redis = await connectRedis({ url: servers.redisUrl, kind: 'commands', name: 'bench' });
  const store = await openStore({ url: servers.databaseUrl, poolSize: 2, applicationName: 'bench' });
  const env = { SWITCHYARD_MASTER_KEY: servers.masterKey };
  const config = {
    ...loadConfig(z.object(identitySettings), env, 'bench'),
    tenant: TENANT,
    project,
  };
  const ids = createIds(systemClock, randomBytes);
  const identity = createIdentity({ sql: store.sql, redis, keys, clock: systemClock, ids, config });
  const roles = rolesOfUserType('privileged', roleNames(config.rolePrefix));
  const tokens: string[] = [];
  for (let index = 0; index < count; index++) {
    const user = `${project}-${index}`;
    tokens.push(await identity.issueToken({ userId: user, username: user, roles }));
  }
  await redis.close();
  await store.close();
  return tokens;
}
