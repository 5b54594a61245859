import { platformTest as test, redisCommand } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { openIngress } from '../test/ingress-fixture.ts';

describe('ingress and its Redis', () => {
  test('refuses to start over one that may evict queued messages', async ({ redis, postgres }) => {
    const own = await redis.privateServer();
    await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(openIngress({ redis: { ...redis, url: own.url }, postgres })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('maxmemory-policy is allkeys-lru'),
    });
  });

  test('answers 503 with Retry-After while memory is full, keeps nothing of the message, and takes it afterwards', async ({
    redis,
    postgres,
  }) => {
    const own = await redis.privateServer();
    const bench = await openIngress({ redis: { ...redis, url: own.url }, postgres });
    try {
      await bench.work();
      const token = await bench.tokenFor('ada');
      const send = () =>
        bench.call('POST', '/api/chat/messages', {
          token,
          json: { message: 'echo a' },
          headers: { 'idempotency-key': 'm1' },
        });
      const first = await bench.call('POST', '/api/chat/messages', {
        token,
        json: { message: 'echo b' },
      });
      expect(first.status).toBe(200);
      await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory', '1');
      const refused = await send();
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await refused.json()).toMatchObject({ detail: { error_type: 'unavailable' } });
      const rows = await postgres.sql.query({ text: `select 1 from turn where message_id = 'm1'` });
      expect(rows).toEqual([]);
      await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory', '0');
      const taken = await send();
      expect(taken.status).toBe(200);
      expect(await taken.json()).toMatchObject({ status: 'processing_started', event_id: 'm1' });
    } finally {
      await bench.stop();
    }
  });
});
