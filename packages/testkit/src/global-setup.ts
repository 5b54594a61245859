import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startPostgresServer, startRedisServer, startWarden } from '@switchyard/devstack';
import type { Warden } from '@switchyard/devstack';
import { migrate, openStore } from '@switchyard/store';
import type { TestProject } from 'vitest/node';
import { makeRunFolder } from './make-run-folder.ts';
import { startRedisCluster } from './redis-cluster.ts';
import { redisProgram } from './redis-program.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Redis of this run, loopback, no password. */
    redisUrl: string;
    /** What it is: the project `cluster` runs the same tests on a cluster. */
    redisKind: 'single' | 'cluster';
    /** Maintenance database of this run's Postgres. */
    postgresUrl: string;
    /** Why the template database could not be migrated; empty when it could. */
    templateError: string;
  }
}

export const TEMPLATE_DATABASE = 'switchyard_template';

/** Migrated once; each test's database is a file copy of it, which takes some 20 ms instead of a whole migration. */
const prepareTemplate = async (adminUrl: string, templateUrl: string): Promise<string> => {
  try {
    const admin = await openStore({ url: adminUrl, poolSize: 1, applicationName: 'testkit' });
    try {
      await admin.sql.query({ text: `create database ${TEMPLATE_DATABASE}` });
    } finally {
      await admin.close();
    }
    await migrate(templateUrl);
    return '';
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
};

const startRedis = async (
  kind: 'single' | 'cluster',
  dir: string,
  warden: Warden,
): Promise<{ url: string; stop(): Promise<void> }> => {
  if (kind === 'single') return startRedisServer({ ...redisProgram(), dir, port: await freePort(), warden });
  const { url, nodes } = await startRedisCluster({ dir, warden, masters: 3 });
  return { url, stop: async () => void (await Promise.all(nodes.map((node) => node.kill()))) };
};

/** One Redis and one Postgres for the whole run, in a temporary folder, gone with it (also when the run is killed). */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const dir = await makeRunFolder();
  const warden = startWarden();
  const redisKind = project.name === 'cluster' ? 'cluster' : 'single';
  const redis = await startRedis(redisKind, join(dir, 'redis'), warden);
  const postgres = await startPostgresServer({
    dir: join(dir, 'postgres'),
    port: await freePort(),
    password: 'test',
    unsafeFast: true,
    warden,
  });
  project.provide('redisUrl', redis.url);
  project.provide('redisKind', redisKind);
  project.provide('postgresUrl', postgres.url());
  project.provide('templateError', await prepareTemplate(postgres.url(), postgres.url(TEMPLATE_DATABASE)));
  return async () => {
    await postgres.stop();
    await redis.stop();
    await warden.release();
    await rm(dir, { recursive: true, force: true });
  };
};
