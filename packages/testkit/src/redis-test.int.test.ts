import { expect } from 'vitest';
import { redisCommand } from './redis-command.ts';
import { redisTest } from './redis-test.ts';

redisTest('flush removes the keys of the own scope only', async ({ redis }) => {
  const foreign = `{other-${redis.tenant.slice(1)}:main}:kept`;
  await redis.command('SET', `${redis.prefix}:a`, '1');
  await redis.command('SET', foreign, '1');
  await redis.flush();
  expect(await redis.command('EXISTS', `${redis.prefix}:a`)).toBe(':0');
  expect(await redis.command('EXISTS', foreign)).toBe(':1');
  await redis.command('DEL', foreign);
});

redisTest('two tests never share a tenant', async ({ redis }) => {
  expect(redis.tenant).toMatch(/^t[0-9a-f]{12}$/);
});

redisTest('a private server keeps acknowledged writes over stop and start', async ({ redis }) => {
  const own = await redis.privateServer();
  expect(own.url).not.toBe(redis.url);
  await redisCommand(own.url, 'SET', 'k', 'kept');
  await own.stop();
  await expect(redisCommand(own.url, 'PING')).rejects.toThrow('ECONNREFUSED');
  await own.start();
  expect(await redisCommand(own.url, 'GET', 'k')).toBe('kept');
});

redisTest('a private server that starts empty has another run id and no data', async ({ redis }) => {
  const own = await redis.privateServer();
  await redisCommand(own.url, 'SET', 'k', 'lost');
  const before = await redisCommand(own.url, 'INFO', 'server');
  await own.kill();
  await own.startEmpty();
  expect(await redisCommand(own.url, 'EXISTS', 'k')).toBe(':0');
  const runId = (info: string): string | undefined => /run_id:(\w+)/.exec(info)?.[1];
  expect(runId(await redisCommand(own.url, 'INFO', 'server'))).not.toBe(runId(before));
});
