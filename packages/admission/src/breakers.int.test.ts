import { PlatformError } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { redisTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { z } from 'zod';
import { admissionSettings } from './admission-settings.ts';
import { createBreakers } from './breakers.ts';
import type { BreakerConfig, Breakers } from './breakers.ts';
import { createAdmission } from './create-admission.ts';

const CONFIG: BreakerConfig = { refusals: 3, windowMs: 60_000, openMs: 60_000 };

interface Ring {
  /** One process; `wait` makes time pass for it, and `shift` for Redis. */
  process(config?: Partial<BreakerConfig>): { breakers: Breakers; wait: (ms: number) => void };
  /** Ends the time of being open. */
  pass(): Promise<void>;
  admission(breakers: Breakers): ReturnType<typeof createAdmission>;
}

const test = redisTest.extend<{ ring: Ring }>({
  ring: async ({ redis }, use) => {
    const connection = await connectRedis({
      url: redis.url,
      prefix: redis.prefix,
      name: 'breaker-test',
      kind: 'commands',
    });
    const keys = createKeys(redis);
    await use({
      process(config = {}) {
        let now = 0;
        const clock = { monotonic: () => now };
        const given = { ...CONFIG, ...config };
        const breakers = createBreakers({
          redis: connection,
          prefix: keys.prefix,
          config: () => given,
          clock,
        });
        return { breakers, wait: (ms) => void (now += ms) };
      },
      async pass() {
        await redis.command('HSET', keys.breaker('anonymous'), 'open_until', '1');
      },
      admission: (breakers) =>
        createAdmission({
          redis: connection,
          keys,
          config: z.object(admissionSettings).parse({ rateAnonymous: '100000/1m' }),
          breakers,
        }),
    });
    await connection.close();
  },
});

const refuse = async (breakers: Breakers, userType: 'anonymous' | 'registered', times: number) => {
  for (let count = 0; count < times; count += 1) await (await breakers.enter(userType)).refused();
};
const isOpen = { status: 503, errorType: 'circuit_open' };

test('so many refusals open it, for its own user type, with the time to wait', async ({ ring }) => {
  const { breakers, wait } = ring.process();
  await refuse(breakers, 'anonymous', 2);
  await breakers.enter('anonymous');
  await refuse(breakers, 'anonymous', 1);
  wait(1000);
  const error = await breakers.enter('anonymous').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ ...isOpen, retryAfterSec: 59 });
  for (const userType of ['registered', 'paid', 'privileged'] as const) await breakers.enter(userType);
  expect(await breakers.views()).toMatchObject([
    { userType: 'privileged', isOpen: false, timesOpened: 0 },
    { userType: 'paid', isOpen: false },
    { userType: 'registered', isOpen: false },
    { userType: 'anonymous', isOpen: true, timesOpened: 1 },
  ]);
});

test('refusals of windows that are over do not add up; off is off', async ({ ring }) => {
  const short = ring.process({ windowMs: 1 });
  const started = Date.now();
  for (let count = 0; count < 10; count += 1) {
    await refuse(short.breakers, 'anonymous', 1);
    // A window of one millisecond: the next one has begun when the clock has moved by two.
    const until = Date.now() + 2;
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(until);
  }
  expect(Date.now()).toBeGreaterThan(started);
  await short.breakers.enter('anonymous');
  const off = ring.process({ refusals: 0 });
  await refuse(off.breakers, 'anonymous', 20);
  await off.breakers.enter('anonymous');
});

test('after its time one tries, in whichever process; accepted, it is closed for all', async ({ ring }) => {
  const [one, two] = [ring.process(), ring.process()];
  await refuse(one.breakers, 'anonymous', 3);
  // The other one has not opened it: it hears of it within its second.
  await two.breakers.enter('anonymous');
  await two.breakers.refresh();
  await expect(two.breakers.enter('anonymous')).rejects.toMatchObject(isOpen);
  await ring.pass();
  for (const each of [one, two]) each.wait(60_000);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : two).breakers.enter('anonymous')),
  );
  const passed = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  expect(passed).toHaveLength(1);
  await passed[0]?.value.accepted();
  for (const each of [one, two]) {
    await each.breakers.refresh();
    await each.breakers.enter('anonymous');
  }
});

test('the one that tries and is refused opens it again at once', async ({ ring }) => {
  const { breakers, wait } = ring.process();
  await refuse(breakers, 'anonymous', 3);
  await ring.pass();
  wait(60_000);
  await (await breakers.enter('anonymous')).refused();
  await expect(breakers.enter('anonymous')).rejects.toMatchObject(isOpen);
  expect((await breakers.views())[3]).toMatchObject({ isOpen: true, timesOpened: 2 });
  expect(await breakers.close('anonymous')).toBe(true);
  expect(await breakers.close('anonymous')).toBe(false);
  await breakers.enter('anonymous');
});

test('one that tried and came back late does not close what was opened meanwhile', async ({ ring }) => {
  const { breakers, wait } = ring.process();
  await refuse(breakers, 'anonymous', 3);
  await ring.pass();
  wait(60_000);
  const late = await breakers.enter('anonymous');
  await (await ring.process().breakers.enter('anonymous')).refused();
  await late.accepted();
  await breakers.refresh();
  await expect(breakers.enter('anonymous')).rejects.toMatchObject(isOpen);
});

test('a flood of strangers is refused before it is tried, and people who are signed in notice nothing', async ({
  ring,
}) => {
  const { breakers } = ring.process();
  const admission = ring.admission(breakers);
  let tried = 0;
  const full = () => {
    tried += 1;
    return Promise.reject(PlatformError.of('ENQUEUE_REJECTED', undefined, { retryAfterSec: 30 }));
  };
  const statuses = new Set<number>();
  for (let call = 0; call < 500; call += 1) {
    const error: unknown = await admission
      .admitted({ userId: 'g', userType: 'anonymous' }, undefined, full)
      .catch((reason: unknown) => reason);
    statuses.add((error as PlatformError).status);
    expect((error as PlatformError).retryAfterSec).toBeGreaterThan(0);
    if (call % 10 === 0) {
      const paid = { userId: 'ann', userType: 'paid' } as const;
      expect(await admission.admitted(paid, undefined, () => Promise.resolve('done'))).toBe('done');
    }
  }
  expect([...statuses]).toEqual([503]);
  expect(tried).toBe(3);
  // What they were refused for want of room has cost them nothing of their rate.
  expect(await admission.usage({ userId: 'g', userType: 'anonymous' })).toMatchObject([{ used: 0 }]);
  // Other failures are no want of room.
  const bad = () => Promise.reject(PlatformError.of('INVALID_REQUEST'));
  for (let call = 0; call < 10; call += 1)
    await expect(
      admission.admitted({ userId: 'bob', userType: 'registered' }, undefined, bad),
    ).rejects.toMatchObject({
      status: 400,
    });
});

test('each user type has a breaker of its own, in every process', async ({ ring }) => {
  const [one, other] = [ring.process(), ring.process()];
  await refuse(one.breakers, 'registered', 3);
  await other.breakers.refresh();
  await expect(other.breakers.enter('registered')).rejects.toMatchObject(isOpen);
  await other.breakers.enter('anonymous');
  expect((await other.breakers.views()).filter((each) => each.isOpen)).toMatchObject([
    { userType: 'registered', timesOpened: 1 },
  ]);
});
