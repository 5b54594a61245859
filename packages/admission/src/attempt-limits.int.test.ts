import { connectRedis, createKeys } from '@switchyard/redis';
import { redisTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createAttemptLimits } from './attempt-limits.ts';

const RATES = [{ calls: 3, windowSec: 600 }];

redisTest(
  'attempts made at once are not more than the limit; a good one is given back',
  async ({ redis }) => {
    const connection = await connectRedis({ url: redis.url, name: 'attempts', kind: 'commands' });
    const limits = createAttemptLimits({ redis: connection, keys: createKeys(redis) });
    const [ann, address] = [
      { name: 'ann', rates: RATES },
      { name: '10.0.0.1', rates: [{ calls: 4, windowSec: 600 }] },
    ];
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => limits.take([ann])));
    const taken = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(taken).toHaveLength(3);
    await expect(limits.take([address, ann])).rejects.toMatchObject({ status: 429, retryAfterSec: 600 });
    await taken[0]?.();
    await limits.take([address, ann]);
    // What was refused for one subject has taken nothing from the other.
    for (let count = 0; count < 3; count++) await limits.take([address]);
    await expect(limits.take([address])).rejects.toMatchObject({ errorType: 'rate_limit.exceeded' });
    await connection.close();
  },
);
