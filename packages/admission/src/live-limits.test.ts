import { Deadline, loadConfig } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { admissionSettings } from './admission-settings.ts';
import { limitsOfConfig, limitsOverrideSchema, limitsSchema } from './limits.ts';
import { createLiveLimits } from './live-limits.ts';
import type { StoredLimits } from './live-limits.ts';

const CONFIG = {
  ...loadConfig(z.object(admissionSettings), { RATE_PAID: '7/30s,90/2h' }, 'test'),
  thresholdAnonymous: 0.6,
  thresholdRegistered: 0.85,
  thresholdPaid: 0.9,
  thresholdPrivileged: 0.98,
  userQueueAnonymous: 3,
  userQueueRegistered: 20,
  userQueuePaid: 40,
  userQueuePrivileged: 100,
};

function setUp(first?: StoredLimits) {
  let stored: StoredLimits | Error | undefined = first;
  let listener = (): void => {};
  const warnings: string[] = [];
  const live = createLiveLimits({
    config: CONFIG,
    refreshMs: 1_000_000,
    read: async () => {
      if (stored instanceof Error) throw stored;
      return stored;
    },
    onChange: async (given) => {
      listener = given;
      return async () => void (listener = () => {});
    },
    warn: (message) => void warnings.push(message),
  });
  return { live, warnings, store: (next: typeof stored) => void (stored = next), tell: () => listener() };
}

test("the configuration's limits are spelled as they are read", () => {
  const limits = limitsOfConfig(CONFIG);
  expect(limits.rates).toEqual({
    anonymous: '10/1m,120/1h',
    registered: '160/1m,6000/1h',
    paid: '7/30s,90/2h',
    privileged: '400/1m',
  });
  expect(limitsSchema.parse(limits)).toEqual(limits);
});

test('a change is taken over when it is told, one part of it over the configuration', async () => {
  const { live, store, tell } = setUp();
  await live.start();
  expect(live.current().capacity.thresholdAnonymous).toBe(0.6);
  store({ version: 1, override: { thresholds: { anonymous: 0.1 }, rates: { paid: '5/1m' } } });
  tell();
  await expect.poll(() => live.version()).toBe(1);
  expect(live.current().capacity).toMatchObject({ thresholdAnonymous: 0.1, thresholdPaid: 0.9 });
  expect(live.current().admission.ratePaid).toEqual([{ calls: 5, windowSec: 60 }]);
  expect(live.current().admission.rateRegistered).toHaveLength(2);
  store({ version: 2, override: {} });
  await live.refresh();
  expect(live.limits()).toEqual(limitsOfConfig(CONFIG));
  await live.stop(Deadline.in(1000));
});

test('an older answer, an unknown form and no answer leave what holds', async () => {
  const { live, store, warnings } = setUp({ version: 5, override: { anonymous_address_factor: 2 } });
  await live.start();
  for (const odd of [
    { version: 4, override: {} },
    { version: 6, override: { new_limit: 1 } },
    { version: 7, override: { rates: { paid: 'many' } } },
    new Error('no database'),
    undefined,
  ]) {
    store(odd);
    await live.refresh();
    expect([live.version(), live.current().admission.anonymousAddressFactor]).toEqual([5, 2]);
  }
  expect(warnings).toHaveLength(3);
  await live.stop(Deadline.in(1000));
});

test.each([
  { rates: { anonymous: '0/1m' } },
  { rates: { gold: '1/1m' } },
  { thresholds: { paid: 1.1 } },
  { user_queue: { paid: 0 } },
  { breaker: { refusals: -1 } },
  { breaker: { open_seconds: 1e9 } },
  { anonymous_address_factor: Number.NaN },
  { nothing: true },
])('%j is no override', (override) => {
  expect(limitsOverrideSchema.safeParse(override).success).toBe(false);
});
