import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWarden } from '@switchyard/devstack';
import type { Warden } from '@switchyard/devstack';
import { inject, test } from 'vitest';
import { startGroupNode } from './group-node.ts';
import type { GroupNode } from './group-node.ts';
import { isInOrder, startRedisCluster } from './redis-cluster.ts';
import { redisCommand } from './redis-command.ts';
import { uniqueName } from './unique-name.ts';
import { waitUntil } from './wait-until.ts';

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
  const isCluster = inject('redisKind') === 'cluster';
  const { url, node } = await (isCluster ? startAloneInCluster(dir, warden) : startAlone(dir, warden));
  cleanups.push(async () => {
    await node.kill();
    await warden.release();
    await rm(dir, { recursive: true, force: true });
  });
  const settled = async (): Promise<void> => {
    if (isCluster) await waitUntil('the cluster takes writes', () => isInOrder(node));
  };
  return {
    url,
    stop: node.stop,
    kill: node.kill,
    start: async () => {
      await node.start();
      await settled();
    },
    startEmpty: async () => {
      await node.stop();
      await node.startEmpty();
      await settled();
    },
  };
};

const startAlone = async (dir: string, warden: Warden): Promise<{ url: string; node: GroupNode }> => {
  const node = await startGroupNode({ dir: join(dir, 'data'), warden });
  return { url: node.url, node };
};

/** A cluster of one: it may be killed and restarted like a single server. */
const startAloneInCluster = async (
  dir: string,
  warden: Warden,
): Promise<{ url: string; node: GroupNode }> => {
  const { url, nodes } = await startRedisCluster({ dir, warden, masters: 1 });
  const [node] = nodes;
  if (node === undefined) throw new Error('a cluster without a node');
  return { url, node };
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
      // The prefix is given as a key, so that a cluster says which node has them.
      await command('EVAL', FLUSH_SCRIPT, '1', prefix, `*${tenant}:${project}*`);
    };
    await use({ url, tenant, project, prefix, command, flush, privateServer: () => startPrivate(cleanups) });
    for (const cleanup of cleanups.reverse()) await cleanup();
    await flush();
  },
});
