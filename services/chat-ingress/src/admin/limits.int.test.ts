import { platformTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { errorOf, openIngress } from '../../test/ingress-fixture.ts';
import type { BenchSettings, IngressBench } from '../../test/ingress-fixture.ts';

type Body = Record<string, unknown>;

/** Two processes of one stack, and an admin. */
async function setUp(settings: BenchSettings) {
  const [one, two] = [await openIngress(settings), await openIngress(settings)];
  const token = await one.tokenFor('root', 'privileged');
  const ask = async (at: IngressBench, method: string, path: string, json?: unknown) => {
    const answer = await at.call(method, path, { token, ...(json === undefined ? {} : { json }) });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  const set = (at: IngressBench, expected: number, override: unknown) =>
    ask(at, 'PUT', '/admin/limits', { expected_version: expected, override });
  const say = async (at: IngressBench, user?: string, type: 'paid' | 'registered' = 'registered') =>
    at.call('POST', '/api/chat/messages', {
      ...(user === undefined ? {} : { token: await one.tokenFor(user, type) }),
      json: { message: 'echo x' },
    });
  return { one, two, ask, set, say, stop: () => Promise.all([one.stop(), two.stop()]) };
}

platformTest(
  'limits are changed over a version, hold in every process, and are in the audit log',
  async ({ redis, postgres }) => {
    // Only what is told can be in time.
    const rig = await setUp({ redis, postgres, env: { LIMITS_REFRESH: '1h' } });
    const { one, two, ask, set, say } = rig;
    try {
      await one.work();
      expect((await ask(one, 'GET', '/admin/limits')).body).toMatchObject({
        version: 0,
        limits: { rates: { registered: '160/1m,6000/1h' }, thresholds: { anonymous: 0.6 } },
        override: {},
        changed_by: null,
      });
      const override = { rates: { registered: '2/1m' }, user_queue: { paid: 7 } };
      const both = await Promise.all([set(one, 0, override), set(two, 0, override)]);
      expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
      expect((await set(two, 0, {})).status).toBe(409);
      expect((await set(two, 1, { rates: { registered: 'many' } })).body).toMatchObject({
        detail: { error_type: 'request.invalid', field: 'override.rates.registered' },
      });
      // Heard, not asked: the rate of the other process is the new one by itself.
      await expect
        .poll(
          async () =>
            ((await ask(two, 'GET', '/admin/rate-limits/x')).body['windows'] as Body[])[0]?.['calls'],
        )
        .toBe(2);
      expect([await say(one, 'ann'), await say(two, 'ann')].map(({ status }) => status)).toEqual([200, 200]);
      const third = await say(two, 'ann');
      expect(await errorOf(third)).toMatchObject({ status: 429, type: 'rate_limit.exceeded' });
      expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await set(one, 1, {})).body).toMatchObject({
        version: 2,
        limits: { rates: { registered: '160/1m,6000/1h' } },
      });
      expect((await say(one, 'ann')).status).toBe(200);
      const { items } = (await ask(one, 'GET', '/admin/audit?action=limits.set&outcome=done')).body as {
        items: Body[];
      };
      expect(items).toMatchObject([
        { actor_id: 'root', before: override, after: {} },
        { actor_id: 'root', before: {}, after: override },
      ]);
    } finally {
      await rig.stop();
    }
  },
);

platformTest('a change that is not told is read all the same', async ({ redis, postgres }) => {
  const rig = await setUp({ redis, postgres, env: { LIMITS_REFRESH: '100ms' } });
  try {
    await postgres.sql.query({
      text: `insert into live_limits (tenant, project, version, override, changed_by) values ($1, $2, 3, '{"rates":{"registered":"1/1m"}}', 'x')`,
      values: [redis.tenant, redis.project],
    });
    await expect
      .poll(
        async () =>
          ((await rig.ask(rig.two, 'GET', '/admin/rate-limits/x')).body['windows'] as Body[])[0]?.['calls'],
      )
      .toBe(1);
  } finally {
    await rig.stop();
  }
});

platformTest(
  'a flood of strangers opens their breaker alone, in every process, and who is signed in gets in',
  async ({ redis, postgres }) => {
    const rig = await setUp({ redis, postgres });
    const { one, two, ask, set, say } = rig;
    try {
      await one.work();
      const breaker = { refusals: 5, window_seconds: 60, open_seconds: 60 };
      await set(one, 0, { thresholds: { anonymous: 0 }, anonymous_address_factor: 1000, breaker });
      await expect.poll(async () => (await ask(two, 'GET', '/admin/limits')).body['version']).toBe(1);
      const types: unknown[] = [];
      for (let call = 0; call < 40; call += 1) {
        const answer = await say(one);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        types.push((await errorOf(answer)).type);
        if (call % 8 === 0) {
          expect((await say(one, 'ann', 'paid')).status).toBe(200);
          expect((await say(two, `bob${call}`)).status).toBe(200);
        }
      }
      expect(types.filter((type) => type === 'queue.enqueue_rejected')).toHaveLength(5);
      expect(types.slice(5)).toEqual(types.slice(5).map(() => 'circuit_open'));
      // The other process goes by it within a second or two.
      await expect
        .poll(async () => (await errorOf(await say(two))).type, { timeout: 30_000 })
        .toBe('circuit_open');
      const [open] = ((await ask(two, 'GET', '/admin/breakers')).body['items'] as Body[]).filter(
        (item) => item['is_open'] === true,
      );
      expect(open).toMatchObject({ user_type: 'anonymous', times_opened: 1 });

      await set(one, 1, {});
      expect((await ask(one, 'POST', '/admin/breakers/anonymous/close')).status).toBe(200);
      expect((await say(one)).status).toBe(200);
      expect((await ask(one, 'POST', '/admin/breakers/gold/close')).status).toBe(404);
    } finally {
      await rig.stop();
    }
  },
);

platformTest(
  'one budget: a new session is no new one, and strangers take nothing from who signed in at their address',
  async ({ redis, postgres }) => {
    const env = {
      RATE_REGISTERED: '3/1m',
      RATE_ANONYMOUS: '2/1m',
      RATE_ADDRESS: '5/1m',
      ANONYMOUS_ADDRESS_FACTOR: '1',
    };
    const rig = await setUp({ redis, postgres, env });
    const { one, two, say } = rig;
    try {
      await one.work();
      const statuses = async (calls: readonly (() => Promise<Response>)[]) => {
        const all: number[] = [];
        for (const call of calls) all.push((await call()).status);
        return all;
      };
      // Each call has a token, and so a sign-in, of its own; half of them come to the other process.
      const ann = Array.from({ length: 5 }, (_, at) => () => say(at % 2 === 0 ? one : two, 'ann'));
      expect(await statuses(ann)).toEqual([200, 200, 200, 429, 429]);
      // Without a cookie each is a new session: the address counts them.
      expect(await statuses(Array.from({ length: 3 }, () => () => say(one)))).toEqual([200, 200, 429]);
      // Three of ann's have been counted for the address, once each, and none of the refused.
      const others = ['bob', 'cy', 'dee'].map((user) => () => say(two, user));
      expect(await statuses(others)).toEqual([200, 200, 429]);
    } finally {
      await rig.stop();
    }
  },
);
