import { PlatformError, loadConfig } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { redisTest } from '@switchyard/testkit';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { admissionSettings } from './admission-settings.ts';
import type { AdmissionConfig } from './admission-settings.ts';
import { createAdmission } from './create-admission.ts';
import type { Admission, AdmissionCaller } from './create-admission.ts';

const settings = (env: Record<string, string> = {}) => loadConfig(z.object(admissionSettings), env, 'test');
const ANN: AdmissionCaller = { userId: 'ann', userType: 'registered' };
const ghost = (userId: string): AdmissionCaller => ({ userId, userType: 'anonymous' });

const test = redisTest.extend<{
  open: (env?: Record<string, string> | (() => AdmissionConfig)) => Admission;
}>({
  open: async ({ redis }, use) => {
    const connection = await connectRedis({
      url: redis.url,
      prefix: redis.prefix,
      name: 'admission-test',
      kind: 'commands',
    });
    const keys = createKeys(redis);
    await use((env = {}) =>
      createAdmission({ redis: connection, keys, config: typeof env === 'function' ? env : settings(env) }),
    );
    await connection.close();
  },
});

async function countAdmitted(
  admission: Admission,
  calls: number,
  who = ANN,
  address?: string,
): Promise<number> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: calls }, () => admission.admit(who, address)),
  );
  return outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
}

test('exactly as many as allowed get through, also when all come at once from two processes', async ({
  open,
}) => {
  const [one, two] = [open({ RATE_REGISTERED: '50/1m' }), open({ RATE_REGISTERED: '50/1m' })];
  const admitted = await Promise.all([countAdmitted(one, 60), countAdmitted(two, 60)]);
  expect(admitted[0] + admitted[1]).toBe(50);
  await expect(one.admit(ANN)).rejects.toMatchObject({ status: 429, errorType: 'rate_limit.exceeded' });
});

test('says how long to wait, and which limit it was', async ({ open }) => {
  const admission = open({ RATE_REGISTERED: '1/1m' });
  await admission.admit(ANN);
  const error = await admission.admit(ANN).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ details: { limit: 1, window_sec: 60 } });
  const { retryAfterSec } = error as { retryAfterSec: number };
  expect(retryAfterSec).toBeGreaterThan(55);
  expect(retryAfterSec).toBeLessThanOrEqual(60);
});

test('a refused call is not counted in any window', async ({ open }) => {
  const admission = open({ RATE_REGISTERED: '3/1m,5/1h' });
  await countAdmitted(admission, 30);
  expect(await admission.usage(ANN)).toEqual([
    { rate: { calls: 3, windowSec: 60 }, used: 3 },
    { rate: { calls: 5, windowSec: 3600 }, used: 3 },
  ]);
  const hourly = open({ RATE_REGISTERED: '9/1m,5/1h' });
  expect(await countAdmitted(hourly, 30)).toBe(2);
  expect(await hourly.usage(ANN)).toMatchObject([{ used: 5 }, { used: 5 }]);
});

test('users, user types and scopes are apart; a reset forgets', async ({ open }) => {
  const admission = open({ RATE_REGISTERED: '1/1m', RATE_PAID: '1/1m', RATE_ANONYMOUS: '1/1m' });
  expect(await countAdmitted(admission, 5)).toBe(1);
  expect(await countAdmitted(admission, 5, { userId: 'bob', userType: 'registered' })).toBe(1);
  expect(await countAdmitted(admission, 5, ghost('ann'))).toBe(1);
  await admission.reset(ANN);
  expect(await countAdmitted(admission, 5)).toBe(1);
});

test('somebody who is a new anonymous user each time is held by the address', async ({ open }) => {
  const admission = open({ RATE_ANONYMOUS: '2/1m', ANONYMOUS_ADDRESS_FACTOR: '3' });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => admission.admit(ghost(`ghost${index}`), '192.0.2.1')),
  );
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(6);
  expect(await countAdmitted(admission, 5, ghost('other'), '192.0.2.2')).toBe(2);
  expect(await countAdmitted(open({ RATE_REGISTERED: '9/1m' }), 9, ANN, '192.0.2.1')).toBe(9);
});

test('settings that change hold at once, for the window that runs', async ({ open }) => {
  let config = settings({ RATE_REGISTERED: '2/1m' });
  const admission = open(() => config);
  expect(await countAdmitted(admission, 5)).toBe(2);
  config = settings({ RATE_REGISTERED: '4/1m' });
  expect(await countAdmitted(admission, 5)).toBe(2);
});

test('busy callers are counted ahead: fewer round trips, never more calls, and what is unused comes back', async ({
  redis,
}) => {
  const connection = await connectRedis({
    url: redis.url,
    prefix: redis.prefix,
    name: 'admission-leases',
    kind: 'commands',
  });
  let asked = 0;
  const driver = new Proxy(connection.driver, {
    get(target, name) {
      // How the limiter speaks to Redis: its script, by the name that it defined.
      if (name === 'rlflxIncr') asked += 1;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  let now = 0;
  const leases = { clock: { monotonic: () => now } };
  const keys = createKeys(redis);
  const shared = { keys, config: settings({ RATE_REGISTERED: '400/1m' }), leases };
  const one = createAdmission({ ...shared, redis: { ...connection, driver } });
  const two = createAdmission({ ...shared, redis: connection });
  try {
    for (let call = 0; call < 200; call++) await one.admit(ANN);
    expect(asked).toBeLessThan(30);
    expect(asked).toBeGreaterThan(0);
    const outcomes: boolean[] = [];
    for (let call = 0; call < 400; call++)
      outcomes.push(
        await (call % 2 === 0 ? one : two).admit(ANN).then(
          () => true,
          () => false,
        ),
      );
    const admitted = 200 + outcomes.filter(Boolean).length;
    expect(admitted).toBeLessThanOrEqual(400);
    // Near its end the window is counted call by call, so what one process holds is used by it.
    expect(admitted).toBeGreaterThanOrEqual(400 * 0.95);
    await one.reset(ANN);
    for (let call = 0; call < 10; call++) await one.admit(ANN);
    now += 3000;
    await vi.waitFor(async () => expect((await one.usage(ANN))[0]?.used).toBe(10), { timeout: 20_000 });
  } finally {
    await connection.close();
  }
});

test("the defaults are the design's", () => {
  expect(settings()).toMatchObject({
    rateAnonymous: [
      { calls: 10, windowSec: 60 },
      { calls: 120, windowSec: 3600 },
    ],
    rateRegistered: [
      { calls: 160, windowSec: 60 },
      { calls: 6000, windowSec: 3600 },
    ],
    ratePaid: [
      { calls: 220, windowSec: 60 },
      { calls: 12_000, windowSec: 3600 },
    ],
    ratePrivileged: [{ calls: 400, windowSec: 60 }],
  });
  expect(() => settings({ RATE_PAID: 'many' })).toThrow('RATE_PAID: expected calls per window');
});

test('without Redis it is 503', async ({ redis }) => {
  const own = await redis.privateServer();
  const connection = await connectRedis({ url: own.url, prefix: redis.prefix, name: 'gone', kind: 'claim' });
  const admission = createAdmission({ redis: connection, keys: createKeys(redis), config: settings() });
  await admission.admit(ANN);
  await own.kill();
  await expect(admission.admit(ANN)).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' });
  await connection.close();
});

test('what the queue refuses does not count, what fails otherwise does', async ({ open }) => {
  const admission = open({ RATE_REGISTERED: '2/1m' });
  const failWith = (code: 'ENQUEUE_REJECTED' | 'INVALID_REQUEST') => () =>
    Promise.reject(PlatformError.of(code));
  for (let call = 0; call < 5; call++) {
    await expect(admission.admitted(ANN, undefined, failWith('ENQUEUE_REJECTED'))).rejects.toMatchObject({
      status: 503,
    });
  }
  expect(await admission.admitted(ANN, undefined, () => Promise.resolve('done'))).toBe('done');
  await expect(admission.admitted(ANN, undefined, failWith('INVALID_REQUEST'))).rejects.toMatchObject({
    status: 400,
  });
  await expect(admission.admitted(ANN, undefined, () => Promise.resolve('done'))).rejects.toMatchObject({
    status: 429,
  });
});
