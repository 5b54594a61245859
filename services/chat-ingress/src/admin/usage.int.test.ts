import { createUsageLog } from '@switchyard/store';
import { expect } from 'vitest';
import { adminTest as test } from '../../test/admin-bench.ts';
import type { List } from '../../test/admin-bench.ts';

test('what models used, by user and day, with its cost', async ({ admin, postgres, redis }) => {
  const log = createUsageLog(postgres.sql, redis);
  const used = {
    bundleId: 'assistant',
    versionId: 'v',
    provider: 'p',
    model: 'm',
    source: 'platform',
  } as const;
  const at = Date.now();
  const tokens = { input_tokens: 100, output_tokens: 10 };
  await log.add({ ...used, ...tokens, usageId: '1', at, userId: 'ann', cost: 0.5 });
  await log.add({ ...used, ...tokens, usageId: '2', at, userId: 'ann' });
  await log.add({ ...used, ...tokens, usageId: '3', at: at - 60 * 24 * 3600 * 1000, userId: 'bob', cost: 1 });
  const sums = {
    calls: 2,
    input_tokens: 200,
    cached_tokens: 0,
    output_tokens: 20,
    cost: 0.5,
    calls_without_cost: 1,
  };
  expect(await admin.get('/admin/usage?by=user,bundle')).toMatchObject({
    by: ['user', 'bundle'],
    items: [{ user: 'ann', bundle: 'assistant', ...sums }],
    total: sums,
    next_offset: null,
  });
  const from = new Date(at - 70 * 24 * 3600 * 1000).toISOString();
  const page = await admin.get<List>(`/admin/usage?by=user&limit=1&from=${from}`);
  expect(page).toMatchObject({ items: [{ user: 'ann' }], total: { calls: 3, cost: 1.5 }, next_offset: 1 });
  for (const query of ['by=colour', 'by=user,user', 'from=yesterday', 'from=2026-02-01&to=2026-01-01'])
    expect((await admin.send('GET', `/admin/usage?${query}`)).status, query).toBe(400);
});
