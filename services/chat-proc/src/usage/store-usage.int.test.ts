import { randomBytes } from 'node:crypto';
import { PlatformError, createIds, systemClock } from '@switchyard/kernel';
import { createUsageLog } from '@switchyard/store';
import type { UsageEntry } from '@switchyard/store';
import { postgresTest as test } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createStoreUsage } from './store-usage.ts';

const USAGE = { provider: 'p', model: 'm', input_tokens: 5, output_tokens: 2 };
const USED_FOR = { userId: 'ann', bundleId: 'b', versionId: 'v' };

test('a write whose answer was lost is made again and counts once; another use counts again', async ({
  postgres: { sql },
}) => {
  const usageLog = createUsageLog(sql, { tenant: 't', project: 'p' });
  let lost = 2;
  const add = async (entry: UsageEntry): Promise<void> => {
    await usageLog.add(entry);
    if ((lost -= 1) >= 0) throw PlatformError.of('UNAVAILABLE');
  };
  const parts = { ids: createIds(systemClock, randomBytes), clock: systemClock, random: () => 0 };
  const store = createStoreUsage({ usageLog: { add }, ...parts });
  await store(USAGE, 'platform', USED_FOR);
  await store(USAGE, 'platform', USED_FOR);
  expect(lost).toBeLessThan(0);
  expect(await usageLog.tokensSince('ann', 0)).toBe(14);
});
