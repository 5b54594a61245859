import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freePort, startPostgresServer, startRedisServer, startWarden } from '@switchyard/devstack';
import { migrate } from '@switchyard/store';

/** Both sides of a figure run on these: Redis with append-only everysec, Postgres with durable commits, all on loopback. */
export interface Servers {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Of the signing keys in this database: the same for all services that are started on it. */
  readonly masterKey: string;
  /** `kill -9` of Redis, and its start on the same port and files. */
  restartRedis(): Promise<void>;
  stop(): Promise<void>;
}

export async function startServers(): Promise<Servers> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'switchyard-bench-'));
  await chmod(dir, 0o755); // the database's account passes here
  const warden = startWarden();
  const redisPort = await freePort();
  const startRedis = () =>
    startRedisServer({
      dir: path.join(dir, 'redis'),
      port: redisPort,
      path: process.env['PATH'] ?? '',
      warden,
    });
  let redis = await startRedis();
  const postgres = await startPostgresServer({
    dir: path.join(dir, 'postgres'),
    port: await freePort(),
    password: 'bench',
    warden,
  });
  await postgres.ensureDatabase('bench');
  const databaseUrl = postgres.url('bench');
  await migrate(databaseUrl);
  return {
    redisUrl: redis.url,
    databaseUrl,
    masterKey: randomBytes(32).toString('base64'),
    async restartRedis() {
      await redis.kill();
      redis = await startRedis();
    },
    async stop() {
      await postgres.stop();
      await redis.stop();
      await warden.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
