import { postgresTest as test } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createUsageLog } from './usage-log.ts';
import type { UsageEntry } from './usage-log.ts';
import { createUsageReport } from './usage-report.ts';

const SCOPE = { tenant: 't', project: 'p' };
const DAY_MS = 24 * 3600 * 1000;
const FIRST = Date.parse('2026-01-05T12:00:00Z');
const RANGE = { from: FIRST - DAY_MS, to: FIRST + 10 * DAY_MS, limit: 100, offset: 0 };

let made = 0;
const entry = (more: Partial<UsageEntry>): UsageEntry => ({
  usageId: `u-${(made += 1)}`,
  at: FIRST,
  userId: 'ann',
  bundleId: 'assistant',
  versionId: 'v',
  provider: 'host',
  model: 'small',
  input_tokens: 100,
  output_tokens: 10,
  source: 'platform',
  ...more,
});

test('a use that is written twice counts once', async ({ postgres: { sql } }) => {
  const log = createUsageLog(sql, SCOPE);
  const one = entry({ cached_tokens: 40, cost: 0.25 });
  await log.add(one);
  await log.add(one);
  expect(await createUsageReport(sql, SCOPE).total({ ...RANGE, by: [] })).toEqual({
    calls: 1,
    input_tokens: 100,
    cached_tokens: 40,
    output_tokens: 10,
    cost: 0.25,
    calls_without_cost: 0,
  });
});

test('what a user used today is his, of today, and measured', async ({ postgres: { sql } }) => {
  const log = createUsageLog(sql, SCOPE);
  await log.add(entry({}));
  await log.add(entry({ bundleId: 'other' }));
  await log.add(entry({ at: FIRST - DAY_MS }));
  await log.add(entry({ userId: 'bob' }));
  await log.add(entry({ userId: undefined }));
  await log.add(entry({ source: 'bundle' }));
  await createUsageLog(sql, { tenant: 't', project: 'q' }).add(entry({}));
  expect(await log.tokensSince('ann', FIRST - DAY_MS / 2)).toBe(220);
  expect(await log.tokensSince('nobody', 0)).toBe(0);
});

test('sums by any of user, bundle, model and day, in pages', async ({ postgres: { sql } }) => {
  const log = createUsageLog(sql, SCOPE);
  const report = createUsageReport(sql, SCOPE);
  await log.add(entry({ cost: 0.1 }));
  await log.add(entry({ cost: 0.2, model: 'large' }));
  // The last moment of the day, and the first of the next.
  await log.add(entry({ userId: 'bob', at: Date.parse('2026-01-05T23:59:59.999Z') }));
  await log.add(entry({ userId: 'bob', at: Date.parse('2026-01-06T00:00:00Z') }));
  await log.add(entry({ userId: undefined, at: RANGE.to }));
  const sums = { calls: 1, input_tokens: 100, cached_tokens: 0, output_tokens: 10 };
  const priced = (cost: number) => ({ ...sums, cost, calls_without_cost: 0 });
  const free = { ...sums, cost: null, calls_without_cost: 1 };
  const whole = await report.rows({ ...RANGE, by: ['user', 'day', 'model'] });
  expect(whole).toEqual([
    { user: 'ann', day: '2026-01-05', model: 'large', ...priced(0.2) },
    { user: 'ann', day: '2026-01-05', model: 'small', ...priced(0.1) },
    { user: 'bob', day: '2026-01-05', model: 'small', ...free },
    { user: 'bob', day: '2026-01-06', model: 'small', ...free },
  ]);
  expect(await report.rows({ ...RANGE, by: ['user', 'day', 'model'], limit: 1, offset: 2 })).toEqual([
    whole[2],
  ]);
  expect(await report.rows({ ...RANGE, by: [], userId: 'bob', model: 'small' })).toMatchObject([
    { calls: 2 },
  ]);
  expect(await report.rows({ ...RANGE, by: ['bundle'], bundleId: 'none' })).toEqual([]);
});
