import { fileURLToPath } from 'node:url';
import { createGroupTest } from '@switchyard/testkit';
import type { GroupNode, RedisGroup } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { createSubscriber } from './create-subscriber.ts';
import { createKeys } from './keys.ts';
import { loadScripts } from './load-scripts.ts';
import { connectRedis } from './redis-connection.ts';
import type { RedisConnection, RedisKind, RedisOptions } from './redis-connection.ts';
import { checkRedis } from './check-redis.ts';

const scripts = loadScripts(fileURLToPath(new URL('../test/scripts/', import.meta.url)));
const append = scripts.define<{ session_id: string; event: string; data: string }, string[]>(
  'append-one',
  (reply) => (reply as unknown[]).map(String),
);
const KINDS = ['commands', 'claim', 'subscriber'] as const satisfies readonly RedisKind[];
/** Failover, the time until it is noticed, and a machine that is busy. */
const MOVES = { timeout: 20_000 };

const tests = (kind: RedisGroup['kind']) =>
  createGroupTest(kind).extend<{
    prefix: string;
    connect: (kind?: RedisKind, more?: Partial<RedisOptions>) => Promise<RedisConnection>;
  }>({
    prefix: async ({ redis }, use) => use(redis.prefix),
    connect: async ({ group, prefix }, use) => {
      const open: RedisConnection[] = [];
      await use(async (role = 'commands', more = {}) => {
        const connection = await connectRedis({
          url: group.url,
          prefix,
          kind: role,
          name: 'test',
          watchEveryMs: 300,
          ...more,
        });
        open.push(connection);
        return connection;
      });
      for (const connection of open) await connection.close();
    },
  });

const TESTS = { cluster: tests('cluster'), sentinel: tests('sentinel') };

/** The same connections, at that server and no other. */
const expectAt = async (connections: readonly RedisConnection[], node: GroupNode): Promise<void> => {
  const runId = await node.info('run_id');
  for (const connection of connections) await expect.poll(() => connection.runId(), MOVES).toBe(runId);
};

describe.for(['cluster', 'sentinel'] as const)('%s', { timeout: 90_000 }, (kind) => {
  const test = TESTS[kind];

  test('the master is killed: every connection ends at the new one, and subscriptions with it', async ({
    group,
    prefix,
    connect,
  }) => {
    const connections = await Promise.all(KINDS.map((role) => connect(role)));
    const [commands, , listening] = connections;
    const former = await group.masterOf(prefix);
    await expectAt(connections, former);
    const channel = createKeys({ tenant: 't', project: 'p' }).relay('s').replace('{t:p}', prefix);
    const heard: string[] = [];
    if (listening === undefined || commands === undefined) throw new Error('not connected');
    const subscriber = createSubscriber(listening);
    await subscriber.subscribe(channel, (message) => heard.push(message));
    await commands.driver.spublish(channel, 'before');
    await expect.poll(() => heard).toEqual(['before']);
    const renewed = new Promise<void>((resolve) => subscriber.onReconnect(resolve));
    await former.kill();
    const next = await group.successor(prefix, former);
    await expectAt(connections, next);
    await renewed;
    expect(await commands.driver.spublish(channel, 'after')).toBe(1);
    await expect.poll(() => heard).toEqual(['before', 'after']);
    expect(await commands.driver.set(`${prefix}:x`, '1')).toBe('OK');
  });

  test('an orderly failover: a pop that blocks there ends, and the next one is at the new master', async ({
    group,
    prefix,
    connect,
  }) => {
    const [claim, commands] = [await connect('claim'), await connect()];
    const former = await group.masterOf(prefix);
    const pop = claim.driver.brpoplpush(`${prefix}:lane`, `${prefix}:inflight`, 60);
    const outcome = pop.then(
      () => 'an item',
      (error: unknown) => String(error),
    );
    await expect.poll(() => former.info('blocked_clients')).toBe('1');
    const next = await group.promote(prefix);
    expect(await outcome).toMatch(/UNBLOCKED|MOVED|READONLY|closed/);
    await expectAt([claim, commands], next);
    const again = claim.driver.brpoplpush(`${prefix}:lane`, `${prefix}:inflight`, 60);
    await commands.driver.lpush(`${prefix}:lane`, 'item');
    expect(await again).toBe('item');
  });

  test('every server that may become master is judged', async ({ group, prefix, connect }) => {
    const connection = await connect();
    expect((await checkRedis(connection)).refusals).toEqual([]);
    const master = await group.masterOf(prefix);
    const other = group.nodes.find((node) => node !== master);
    await other?.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { refusals } = await checkRedis(connection);
    await other?.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(refusals).toEqual([
      expect.stringContaining(`127.0.0.1:${other?.port}: maxmemory-policy is allkeys-lru`),
    ]);
  });

  test('a master that hangs and comes back: connections that send nothing have left it, nothing is written to it', async ({
    group,
    prefix,
    connect,
  }) => {
    const connections = await Promise.all(KINDS.map((role) => connect(role)));
    const former = await group.masterOf(prefix);
    await expectAt(connections, former);
    former.pause();
    const next = await group.successor(prefix, former);
    await expectAt(connections, next);
    const [commands] = connections;
    await commands?.driver.set(`${prefix}:kept`, '1');
    former.resume();
    await expect.poll(() => former.command('CLIENT', 'LIST')).not.toContain('name=test');
    await expectAt(connections, next);
    expect(await commands?.driver.get(`${prefix}:kept`)).toBe('1');
  });
});

TESTS.cluster(
  'a slot that moves: scripts are refused as a whole while it is under way, then everybody is at its new master',
  { timeout: 90_000 },
  async ({ group, prefix, connect }) => {
    const [commands, listening] = [await connect(), await connect('subscriber')];
    const subscriber = createSubscriber(listening);
    const heard: string[] = [];
    const channel = `${prefix}:relay:s`;
    await subscriber.subscribe(channel, (message) => heard.push(message));
    await commands.driver.hset(`${prefix}:chat:epoch`, { n: '7', run_id: commands.runId() });
    const from = await group.masterOf(prefix);
    const to = await group.otherMaster(prefix);
    const [fromId, toId] = [await from.command('CLUSTER', 'MYID'), await to.command('CLUSTER', 'MYID')];
    const slot = (await from.command('CLUSTER', 'KEYSLOT', prefix)).slice(1);
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const call = { connection: commands, prefix, isRepeatable: true };
    const event = { session_id: 's', event: 'e', data: '{}' };
    await expect(append(call, event)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await commands.driver.exists(`${prefix}:chat:epoch`)).toBe(1);
    const keys = await commands.driver.cluster('GETKEYSINSLOT', Number(slot), 100);
    await commands.driver.call('MIGRATE', to.host, to.port, '', '0', '5000', 'KEYS', ...keys.map(String));
    await to.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    await from.command('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    await expectAt([commands, listening], to);
    // The data has come along, but it is not this server's until a rebuild has made it so.
    expect(await append(call, event)).toEqual(['-1']);
    await commands.driver.hset(`${prefix}:chat:epoch`, { n: '8', run_id: commands.runId() });
    await expect
      .poll(async () => ((await append(call, event)).length === 2 ? heard.length : 0), MOVES)
      .toBeGreaterThan(0);
  },
);
