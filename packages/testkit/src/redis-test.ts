import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedisServer, startWarden } from '@switchyard/devstack';
import type { RedisServer } from '@switchyard/devstack';
import { inject, test } from 'vitest';
import { redisCommand } from './redis-command.ts';
import { uniqueName } from './unique-name.ts';

/** A redis-server that only one test uses, so that it may kill, stop and restart it. Data survives a restart. */
export interface PrivateRedis {
  readonly url: string;
  /** Orderly end: everything acknowledged is in the append-only file. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Starts it again on the same port without any data: Redis lost everything. */
  startEmpty(): Promise<void>;
}

export interface RedisFixture {
  readonly url: string;
  /** Own scope of this test: nobody else writes keys with this tenant. */
  readonly tenant: string;
  readonly project: string;
  /** Hash-tagged prefix of this scope's keys. */
  readonly prefix: string;
  /** One command with the bench's own tiny client, not with the driver under test. */
  command(...words: readonly string[]): Promise<string>;
  /** Removes the keys of this scope; done after every test as well. */
  flush(): Promise<void>;
  /** A server of its own for restart and kill tests; ended after the test. */
  privateServer(): Promise<PrivateRedis>;
}

const FLUSH_SCRIPT = `
local cursor = '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do redis.call('UNLINK', key) end
until cursor == '0'
return 1`;

const startPrivate = async (cleanups: (() => Promise<void>)[]): Promise<PrivateRedis> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-redis-'));
  const warden = startWarden();
  const port = await freePort();
  const data = join(dir, 'data');
  const launch = (): Promise<RedisServer> =>
    startRedisServer({ dir: data, port, path: process.env['PATH'] ?? '', warden });
  let server = await launch();
  cleanups.push(async () => {
    await server.kill();
    await warden.release();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    url: server.url,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: async () => {
      server = await launch();
    },
    startEmpty: async () => {
      await rm(data, { recursive: true, force: true });
      server = await launch();
    },
  };
};

/** Test with `redis`: the run's Redis under a tenant of its own. */
export const redisTest = test.extend<{ redis: RedisFixture }>({
  redis: async ({ task: _task }, use) => {
    const url = inject('redisUrl');
    const tenant = uniqueName('t');
    const project = 'main';
    const prefix = `{${tenant}:${project}}`;
    const cleanups: (() => Promise<void>)[] = [];
    const command = (...words: readonly string[]): Promise<string> => redisCommand(url, ...words);
    const flush = async (): Promise<void> => {
      await command('EVAL', FLUSH_SCRIPT, '0', `*${tenant}:${project}*`);
    };
    await use({ url, tenant, project, prefix, command, flush, privateServer: () => startPrivate(cleanups) });
    for (const cleanup of cleanups.reverse()) await cleanup();
    await flush();
  },
});
