import { redisCommand } from '@switchyard/testkit';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

test('refuses to start over a Redis that may evict queued messages', async ({ rig, redis }) => {
  await rig.ship(ACTOR_DIR);
  const own = await redis.privateServer();
  await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await expect(rig.start({ redisUrl: own.url })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining('maxmemory-policy is allkeys-lru'),
  });
});
