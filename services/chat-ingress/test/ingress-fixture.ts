import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentity, rolesOfUserType } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { Deadline, createIds, systemClock } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { createBundles } from '@switchyard/store';
import { platformTest } from '@switchyard/testkit';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { startIngress } from '../src/compose.ts';
import type { RunningIngress } from '../src/compose.ts';
import { loadIngressConfig } from '../src/env.ts';
import type { IngressConfig } from '../src/env.ts';
import { startScriptedWorker } from './scripted-worker.ts';
import type { ScriptedWorker } from './scripted-worker.ts';

export interface IngressBench {
  readonly url: string;
  readonly running: RunningIngress;
  readonly config: IngressConfig;
  readonly identity: Identity;
  readonly scope: { tenant: string; project: string };
  /** `/api/cb/conversations/{t}/{p}` of this stack. */
  readonly conversations: string;
  tokenFor(userId: string, type?: 'privileged' | 'paid' | 'registered', ttlMs?: number): Promise<string>;
  /** A request with a token and, where given, a JSON body. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** A worker of the real heart whose turns are played by a script of the test. */
  work(): Promise<ScriptedWorker>;
  stop(): Promise<void>;
}

export interface CallOptions {
  token?: string;
  json?: unknown;
  headers?: Record<string, string>;
  body?: string | FormData;
  signal?: AbortSignal;
}

export interface BenchSettings {
  redis: RedisFixture;
  postgres: PostgresFixture;
  env?: Record<string, string>;
}

const MASTER_KEY = 'test-master-key-of-at-least-32-characters';

export async function openIngress({ redis, postgres, env = {} }: BenchSettings): Promise<IngressBench> {
  const blobDir = await mkdtemp(join(tmpdir(), 'ingress-blobs-'));
  const config = loadIngressConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    TENANT: redis.tenant,
    PROJECT: redis.project,
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    SWITCHYARD_MASTER_KEY: MASTER_KEY,
    BLOB_DIR: blobDir,
    SHUTDOWN_SPREAD: '50ms',
    ...env,
  });
  const running = await startIngress(config);
  const scope = { tenant: config.tenant, project: config.project };
  await registerBundles(postgres, scope);
  const own = await connectRedis({
    url: redis.url,
    prefix: redis.prefix,
    name: 'ingress-test',
    kind: 'commands',
  });
  const identity = createIdentity({
    sql: postgres.sql,
    redis: own,
    keys: createKeys(scope),
    clock: systemClock,
    ids: createIds(systemClock, randomBytes),
    config,
  });
  const url = `http://127.0.0.1:${running.port}`;
  const workers: ScriptedWorker[] = [];
  return {
    url,
    running,
    config,
    identity,
    scope,
    conversations: `/api/cb/conversations/${scope.tenant}/${scope.project}`,
    tokenFor: (userId, type = 'registered', ttlMs) =>
      identity.issueToken(
        { userId, username: userId, roles: rolesOfUserType(type, roleNames(config.rolePrefix)) },
        ttlMs === undefined ? {} : { ttlMs },
      ),
    call: (method, path, { token, json, headers = {}, body, signal } = {}) =>
      fetch(`${url}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    work: async () => {
      const worker = await startScriptedWorker({ redis, postgres, scope });
      workers.push(worker);
      return worker;
    },
    stop: async () => {
      for (const worker of workers) await worker.stop();
      await running.stop(Deadline.in(10_000));
      await own.close();
      await rm(blobDir, { recursive: true, force: true });
    },
  };
}

async function registerBundles(
  postgres: PostgresFixture,
  scope: { tenant: string; project: string },
): Promise<void> {
  const bundles = createBundles(postgres.sql, scope);
  for (const bundleId of ['hello', 'assistant']) {
    const versionId = `${bundleId}__main__abc`;
    await bundles.add({ bundleId, versionId, ref: 'main', sha: 'abc', entry: 'bundle.ts', source: {} });
    await bundles.markReady(versionId, {
      v: 1,
      id: bundleId,
      name: bundleId,
      starters: [],
      hasTurns: true,
      operations: {},
      schedules: {},
      jobs: {},
      channels: {},
      widgets: {},
      hasWeb: false,
      httpHosts: [],
      secrets: [],
      capabilities: [],
      limits: {},
    });
    await bundles.activate(bundleId, versionId);
  }
  await bundles.setDefault('hello');
}

/** Test with `ingress`: the real service on real stores, on a free port. */
export const ingressTest = platformTest.extend<{ ingress: IngressBench }>({
  ingress: async ({ redis, postgres }, use) => {
    const bench = await openIngress({ redis, postgres });
    await use(bench);
    await bench.stop();
  },
});

export async function errorOf(
  answer: Response,
): Promise<{ status: number; type: unknown; detail: Record<string, unknown> }> {
  const { detail } = (await answer.json()) as { detail: Record<string, unknown> };
  return { status: answer.status, type: detail['error_type'], detail };
}
