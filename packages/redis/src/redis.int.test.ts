import { connect as connectTcp, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { redisCommand, redisTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { checkRedis, requireSafeRedis } from './check-redis.ts';
import { createSubscriber } from './create-subscriber.ts';
import { createKeys } from './keys.ts';
import { loadScripts } from './load-scripts.ts';
import { connectRedis } from './redis-connection.ts';
import type { RedisConnection, RedisKind } from './redis-connection.ts';

const scripts = loadScripts(fileURLToPath(new URL('../test/scripts/', import.meta.url)));
const append = scripts.define<{ session_id: string; event: string; data: string }, string[]>(
  'append-one',
  (reply) => (reply as unknown[]).map(String),
);
const appendSome = scripts.define<{ pairs: readonly string[] }, string[]>(
  'append-some',
  (reply) => reply as string[],
);

const test = redisTest.extend<{ connect: (kind?: RedisKind, url?: string) => Promise<RedisConnection> }>({
  connect: async ({ redis }, use) => {
    const open: RedisConnection[] = [];
    await use(async (kind = 'commands', url = redis.url) => {
      const connection = await connectRedis({ url, kind, name: 'test' });
      open.push(connection);
      return connection;
    });
    for (const connection of open) await connection.close();
  },
});

const openEpoch = (connection: RedisConnection, prefix: string, n = '7') =>
  connection.driver.hset(`${prefix}:chat:epoch`, { n, run_id: connection.runId() });

test('a connection knows its server before anything goes out, and after a restart the new one', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const connection = await connect('commands', server.url);
  const before = connection.runId();
  expect(before).toMatch(/^[0-9a-f]{40}$/);
  await server.kill();
  const back = new Promise<void>((resolve) => connection.onReady(resolve));
  await server.start();
  await back;
  expect(connection.runId()).not.toBe(before);
  expect(await connection.driver.info('server')).toContain(`run_id:${connection.runId()}`);
});

test('a claim connection fails at once while there is no server, commands wait', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const [claim, commands] = [await connect('claim', server.url), await connect('commands', server.url)];
  await commands.driver.set('k', 'v');
  const isDown = new Promise<void>((resolve) => claim.driver.once('close', () => resolve()));
  await server.stop();
  await isDown;
  await expect(claim.driver.get('k')).rejects.toThrow();
  await expect(claim.ready(50)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const waiting = commands.driver.get('k');
  await server.start();
  expect(await waiting).toBe('v');
});

test.for(['commands', 'claim', 'subscriber'] as const)(
  '%s: what is in flight when the socket breaks fails, and the next one works',
  async (kind, { redis, connect }) => {
    const server = await redis.privateServer();
    const connection = await connect(kind, server.url);
    const back = new Promise<void>((resolve) => connection.onReady(resolve));
    const blocked = connection.driver.blpop('nothing', 0);
    blocked.catch(() => undefined);
    await expect.poll(() => redisCommand(server.url, 'INFO', 'clients')).toContain('blocked_clients:1');
    await server.kill();
    await expect(blocked).rejects.toThrow(/closed/);
    await server.start();
    await back;
    expect(await connection.driver.ping()).toBe('PONG');
  },
);

test('while there is no server, leaving a channel and closing end at once, and what waited for the server fails', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const connection = await connect('subscriber', server.url);
  const leave = await createSubscriber(connection).subscribe('a', () => undefined);
  await server.kill();
  await expect.poll(() => connection.driver.status, { interval: 1 }).toBe('reconnecting');
  const waiting = connection.driver.get('k');
  await leave();
  connection.driver.disconnect();
  await expect(waiting).rejects.toThrow(/closed/);
  expect(connection.driver.status).toBe('end');
  await connection.close();
});

test('a server that is too old is refused at once, with its version', async ({ redis, connect }) => {
  // The real server, whose INFO passes through a proxy that changes its version.
  const { port } = new URL(redis.url);
  const proxy = createServer((client) => {
    const server = connectTcp(Number(port), '127.0.0.1');
    client.pipe(server);
    server.on('data', (chunk) =>
      client.write(chunk.toString('latin1').replace(/redis_version:7\.\d/, 'redis_version:6.2'), 'latin1'),
    );
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, server].forEach((each) => each.destroy()));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await expect(connect('commands', url)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringMatching(/ is too old: Redis 7\.0 or newer is needed, or Valkey/) as string,
  });
  await new Promise((resolve) => proxy.close(resolve));
});

test('a replica is not served from, and a server that becomes one is left until it is a master again', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const { hostname, port } = new URL(redis.url);
  const url = server.url;
  const listening = await connectRedis({ url, kind: 'subscriber', name: 'test', watchEveryMs: 100 });
  await redisCommand(url, 'REPLICAOF', hostname, port);
  await expect.poll(() => listening.isReady()).toBe(false);
  await expect(
    connectRedis({ url, kind: 'commands', name: 'test', connectLimitMs: 300 }),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('replica') as string });
  await redisCommand(url, 'REPLICAOF', 'NO', 'ONE');
  await listening.ready(10_000);
  expect((await connect('commands', url)).isReady()).toBe(true);
  await listening.close();
});

test('a cluster needs to know the scope; a bad address is an error of the configuration', async () => {
  const to = (url: string) => connectRedis({ url, kind: 'commands', name: 'test' });
  await expect(to('redis+cluster://127.0.0.1:1')).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(to('redis+sentinel://127.0.0.1:1')).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('master name is missing') as string,
  });
});

test('an address where nobody answers is an error, not a wait without end', async () => {
  await expect(
    connectRedis({ url: 'redis://127.0.0.1:1', kind: 'commands', name: 'test', connectLimitMs: 200 }),
  ).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
});

test('the log: ids of the epoch that grow like time, each entry naming the one before, log and publication the same', async ({
  redis,
  connect,
}) => {
  const connection = await connect();
  const subscriber = createSubscriber(await connect('subscriber'));
  const keys = createKeys(redis);
  await openEpoch(connection, redis.prefix);
  const published: string[] = [];
  await subscriber.subscribe(keys.relay('s1'), (message) => published.push(message));
  const call = { connection, prefix: redis.prefix };
  const [first = '', none] = await append(call, {
    session_id: 's1',
    event: 'chat_step',
    data: '{"a":"ä\\n"}',
  });
  const [second = '', prev] = await append(call, { session_id: 's1', event: 'chat_step', data: '{}' });
  expect([none, prev]).toEqual(['0-0', first]);
  expect(first).toMatch(/^7-\d{16}$/);
  expect(Number(second.split('-')[1])).toBeGreaterThan(Number(first.split('-')[1]));
  await connection.driver.spublish(keys.relay('s1'), 'last');
  await expect.poll(() => published.at(-1)).toBe('last');
  expect(published[0]).toBe(JSON.stringify([first, '0-0', 'chat_step', 'stream', 'c', 't', '{"a":"ä\\n"}']));
  const entries = await connection.driver.xrange(keys.events('s1'), '-', '+');
  expect(entries[1]?.[1]).toEqual(
    Object.entries({
      prev: first,
      event: 'chat_step',
      stream_id: 'stream',
      conversation_id: 'c',
      turn_id: 't',
      data: '{}',
    }).flat(),
  );
  expect(await connection.driver.pttl(keys.events('s1'))).toBeGreaterThan(890_000);
});

test('what a script appends to a log is published once, with the last entry where one alone stands', async ({
  redis,
  connect,
}) => {
  const connection = await connect();
  const subscriber = createSubscriber(await connect('subscriber'));
  const keys = createKeys(redis);
  await openEpoch(connection, redis.prefix);
  const published: string[] = [];
  for (const session of ['s1', 's2'])
    await subscriber.subscribe(keys.relay(session), (message) => published.push(message));
  const call = { connection, prefix: redis.prefix };
  expect(await appendSome(call, { pairs: [] })).toEqual(['none']);
  const [a, b, other, c] = await appendSome(call, {
    pairs: ['s1', '{"a":"x\\ny"}', 's1', '{"b":1}', 's2', '{}', 's1', '{"c":1}'],
  });
  await connection.driver.spublish(keys.relay('s1'), 'last');
  await expect.poll(() => published.at(-1)).toBe('last');
  const before = (id = '', prev = '', data = '') =>
    [id, prev, 'chat_delta', 'stream', 'c', 't', data].join('\n');
  expect(published.slice(0, -1).map((message) => JSON.parse(message) as unknown)).toEqual(
    expect.arrayContaining([
      [other, '0-0', 'chat_delta', 'stream', 'c', 't', '{}'],
      [
        c,
        b,
        'chat_delta',
        'stream',
        'c',
        `t\n${before(a, '0-0', '{"a":"x\\ny"}')}\n${before(b, a, '{"b":1}')}`,
        '{"c":1}',
      ],
    ]),
  );
  expect(published).toHaveLength(3);
});

test('a seq never goes back, also when the clock does; a new epoch begins above the old one', async ({
  redis,
  connect,
}) => {
  const connection = await connect();
  const keys = createKeys(redis);
  const call = { connection, prefix: redis.prefix };
  await openEpoch(connection, redis.prefix);
  const future = '9000000000000000';
  await connection.driver.xadd(keys.events('s1'), `7-${future}`, 'prev', '0-0');
  expect(await append(call, { session_id: 's1', event: 'e', data: '{}' })).toEqual([
    '7-9000000000000001',
    `7-${future}`,
  ]);
  await openEpoch(connection, redis.prefix, '8');
  const [id = '', prev] = await append(call, { session_id: 's1', event: 'e', data: '{}' });
  expect(id).toMatch(/^8-1\d{15}$/);
  expect(prev).toBe('7-9000000000000001');
});

test('a long log is cut, but not past the start of a running turn', async ({ redis, connect }) => {
  const connection = await connect();
  const keys = createKeys(redis);
  await openEpoch(connection, redis.prefix);
  const pipeline = connection.driver.pipeline();
  for (let seq = 1; seq <= 12_000; seq++) pipeline.xadd(keys.events('s1'), `7-${seq}`, 'prev', '0-0');
  await pipeline.exec();
  await connection.driver.hset(keys.runningTurns('s1'), 't', '7-1500');
  const call = { connection, prefix: redis.prefix };
  await append(call, { session_id: 's1', event: 'e', data: '{}' });
  const [oldest] = await connection.driver.xrange(keys.events('s1'), '-', '+', 'COUNT', 1);
  const oldestSeq = Number(oldest?.[0].split('-')[1]);
  expect(oldestSeq).toBeGreaterThan(1000);
  expect(oldestSeq).toBeLessThanOrEqual(1500);
  await connection.driver.hdel(keys.runningTurns('s1'), 't');
  await append(call, { session_id: 's1', event: 'e', data: '{}' });
  expect(await connection.driver.xlen(keys.events('s1'))).toBeLessThan(10_200);
});

test('scripts refuse another server: no epoch, a former run_id; and survive SCRIPT FLUSH', async ({
  redis,
  connect,
}) => {
  const connection = await connect();
  const call = { connection, prefix: redis.prefix };
  const event = { session_id: 's1', event: 'e', data: '{}' };
  expect(await append(call, event)).toEqual(['-1']);
  await openEpoch(connection, redis.prefix);
  await connection.driver.script('FLUSH');
  expect((await append(call, event)).length).toBe(2);
  await connection.driver.hset(`${redis.prefix}:chat:epoch`, 'run_id', 'f'.repeat(40));
  expect(await append(call, event)).toEqual(['-1']);
  await expect(append(call, { session_id: 's1', event: 'e' } as typeof event)).rejects.toThrow(
    /argument data is missing/,
  );
});

test('a repeatable script waits for the server and carries its new run_id', async ({ redis, connect }) => {
  const server = await redis.privateServer();
  const connection = await connect('commands', server.url);
  await openEpoch(connection, redis.prefix);
  const isDown = new Promise<void>((resolve) => connection.driver.once('close', () => resolve()));
  await server.stop();
  await isDown;
  const call = { connection, prefix: redis.prefix, isRepeatable: true };
  const reply = append(call, { session_id: 's1', event: 'e', data: '{}' });
  await server.start();
  // The data came back with the append-only file, but it is not this server's yet.
  expect(await reply).toEqual(['-1']);
});

test('one subscription for many listeners, gone with the last, renewed after a reconnect', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const [commands, own] = [await connect('commands', server.url), await connect('subscriber', server.url)];
  const subscriber = createSubscriber(own);
  const got: string[] = [];
  const leaveA = await subscriber.subscribe('ch', (message) => got.push(`a ${message}`));
  const leaveB = await subscriber.subscribe('ch', (message) => got.push(`b ${message}`));
  expect(await commands.driver.spublish('ch', '1')).toBe(1);
  await expect.poll(() => got).toEqual(['a 1', 'b 1']);
  const renewed = new Promise<void>((resolve) => subscriber.onReconnect(resolve));
  await server.kill();
  await server.start();
  await renewed;
  await leaveA();
  await commands.driver.spublish('ch', '2');
  await expect.poll(() => got).toEqual(['a 1', 'b 1', 'b 2']);
  await leaveB();
  expect(subscriber.channelCount).toBe(0);
  expect(await commands.driver.spublish('ch', '3')).toBe(0);
});

test('a subscription whose connection breaks before it is confirmed is confirmed over the next one', async ({
  redis,
  connect,
}) => {
  const server = await redis.privateServer();
  const own = await connect('subscriber', server.url);
  const subscriber = createSubscriber(own);
  const got: string[] = [];
  await redisCommand(server.url, 'CLIENT', 'PAUSE', '60000', 'ALL');
  const leaving = subscriber.subscribe('ch', (message) => got.push(message));
  await pause(50); // it is on its way, and answered by nobody
  await server.kill();
  await server.start();
  const leave = await leaving;
  expect(await redisCommand(server.url, 'SPUBLISH', 'ch', '1')).toBe(':1');
  await expect.poll(() => got).toEqual(['1']);
  await leave();
});

test('a subscription that the server refuses is refused, not waited for', async ({ redis, connect }) => {
  const server = await redis.privateServer();
  const own = await connect('subscriber', server.url);
  await redisCommand(server.url, 'ACL', 'SETUSER', 'default', '-ssubscribe');
  const subscriber = createSubscriber(own);
  await expect(subscriber.subscribe('ch', () => undefined)).rejects.toThrow(/NOPERM/u);
  expect(subscriber.channelCount).toBe(0);
});

test('the bench server passes the health rules', async ({ connect }) => {
  expect((await checkRedis(await connect())).refusals).toEqual([]);
});

test('a server that may evict what is queued is refused', async ({ redis, connect }) => {
  const server = await redis.privateServer();
  const connection = await connect('commands', server.url);
  await requireSafeRedis(connection, () => undefined);
  await connection.driver.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await expect(requireSafeRedis(connection, () => undefined)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('noeviction') as string,
  });
});

redisTest('a socket that fails twice is made anew, and nobody is ended by it', async ({ redis }) => {
  const connection = await connectRedis({ url: redis.url, name: 'test', kind: 'commands' });
  const { stream } = connection.driver as unknown as { stream: Socket };
  stream.destroy(new Error('the certificate is refused'));
  await expect.poll(() => stream.closed).toBe(true);
  // What nobody listens for throws here, and in a service ends the process.
  expect(stream.emit('error', new Error('an alert that came later'))).toBe(true);
  await connection.ready(10_000);
  expect(await connection.driver.ping()).toBe('PONG');
  await connection.close();
});
