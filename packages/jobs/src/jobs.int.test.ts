import { createHmac } from 'node:crypto';
import { Deadline, systemClock } from '@switchyard/kernel';
import { platformTest as test } from '@switchyard/testkit';
import { expect, vi } from 'vitest';
import { openJobs } from '../test/open-jobs.ts';
import type { JobRow } from './job-row.ts';
import { createWebhooks } from './webhooks.ts';
import type { WebhookRequest } from './webhooks.ts';

const JOB = { kind: 'job', bundleId: 'b', name: 'work', data: { n: 1 }, maxAttempts: 1, delayMs: 0 } as const;
const patience = { timeout: 30_000, interval: 20 };

test('a job runs; its key gives the first one back; a dead one is kept, retried, dropped', async ({
  redis,
  postgres,
}) => {
  const seen: [string, number][] = [];
  let isGood = false;
  const { jobs, rows } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    async run({ job_id: id, attempt }) {
      seen.push([id, attempt]);
      if (!isGood) throw new Error('not today');
      return { kind: 'done' };
    },
  });
  const stateOf = async (id: string): Promise<JobRow | undefined> =>
    (await rows.list('b', 'job', undefined, 100)).find((row) => row.job_id === id);
  const becomes = (id: string, status: string) =>
    vi.waitFor(async () => expect((await stateOf(id))?.status).toBe(status), patience);
  await jobs.start();
  try {
    const backoff = { kind: 'fixed', delayMs: 50 } as const;
    const first = await jobs.add({ ...JOB, dedupeKey: 'k', maxAttempts: 3, backoff });
    expect(await jobs.add({ ...JOB, dedupeKey: 'k' })).toEqual({ jobId: first.jobId, isNew: false });
    await becomes(first.jobId, 'dead');
    expect(seen).toEqual([1, 2, 3].map((attempt) => [first.jobId, attempt]));
    expect((await stateOf(first.jobId))?.error).toBe('not today');
    expect(await jobs.retryDead('other', first.jobId, 1)).toBe(false);
    expect(await jobs.retryDead('b', first.jobId, 1)).toBe(true);
    await becomes(first.jobId, 'dead');
    isGood = true;
    expect(await jobs.retryDead('b', first.jobId, 1)).toBe(true);
    await becomes(first.jobId, 'done');
    expect(await jobs.dropDead('b', first.jobId)).toBe(false);
    expect(seen.at(-1)).toEqual([first.jobId, 5]);
    isGood = false;
    const second = await jobs.add(JOB);
    await becomes(second.jobId, 'dead');
    expect(await jobs.dropDead('b', second.jobId)).toBe(true);
    await becomes(second.jobId, 'dropped');
  } finally {
    await jobs.stop(Deadline.in(5000));
  }
});

test('Redis forgets everything: each job still runs, once', async ({ redis, postgres }) => {
  const server = await redis.privateServer();
  const seen: string[] = [];
  const { jobs } = openJobs({
    redisUrl: server.url,
    scope: redis,
    sql: postgres.sql,
    async run({ job_id: id }) {
      seen.push(id);
      return { kind: 'done' };
    },
  });
  const added = await Promise.all(Array.from({ length: 20 }, () => jobs.add(JOB)));
  await server.startEmpty();
  await jobs.start();
  try {
    await vi.waitFor(() => expect(seen.length).toBe(20), patience);
    await jobs.reconcile();
    expect(seen.toSorted()).toEqual(added.map(({ jobId }) => jobId).toSorted());
  } finally {
    await jobs.stop(Deadline.in(5000));
  }
});

test('a stop waits for what runs, then ends it: it is interrupted and starts again elsewhere', async ({
  redis,
  postgres,
}) => {
  const shared = { redisUrl: redis.url, scope: redis, sql: postgres.sql };
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const first = openJobs({
    ...shared,
    run: (_row, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        begin();
      }),
  });
  await first.jobs.start();
  const { jobId } = await first.jobs.add({ ...JOB, maxAttempts: 2 });
  await begun;
  await first.jobs.stop(Deadline.in(200));
  const [left] = await first.rows.list('b', 'job', undefined, 1);
  expect(left).toMatchObject({ job_id: jobId, status: 'queued', attempt: 1 });
  const second = openJobs({ ...shared, run: async () => ({ kind: 'done' }) });
  await second.jobs.start();
  try {
    await vi.waitFor(
      async () =>
        expect((await second.rows.list('b', 'job', undefined, 1))[0]).toMatchObject({
          status: 'done',
          attempt: 2,
        }),
      patience,
    );
  } finally {
    await second.jobs.stop(Deadline.in(5000));
  }
});

test('a bound holds what waits', async ({ redis, postgres }) => {
  const { jobs, carrier } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    run: async () => ({ kind: 'done' }),
    config: { maxWaiting: 2 },
  });
  try {
    await jobs.add({ ...JOB, dedupeKey: 'one' });
    await jobs.add(JOB);
    await expect(jobs.add(JOB)).rejects.toMatchObject({ code: 'ENQUEUE_REJECTED' });
    expect(await jobs.add({ ...JOB, dedupeKey: 'one' })).toMatchObject({ isNew: false });
  } finally {
    await carrier.close();
  }
});

test('a webhook is signed, tried again after 503, and dead after 404', async ({ redis, postgres }) => {
  const answers = [503, 200, 404];
  const got: WebhookRequest[] = [];
  const { jobs, rows } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    run: (row, signal) => webhooks.deliver(row, signal),
  });
  const webhooks = createWebhooks({
    jobs,
    async send(_bundleId, request) {
      got.push(request);
      return { status: answers.shift() ?? 500 };
    },
    readSecret: async () => `whsec_${Buffer.from('a key').toString('base64')}`,
    clock: systemClock,
    timeoutMs: 5000,
    maxAttempts: 3,
  });
  await jobs.start();
  try {
    const input = {
      bundleId: 'b',
      url: 'https://example.com/hook',
      event: 'done',
      payload: { a: 1 },
      secret: 'key',
    };
    const { jobId } = await webhooks.enqueue(input);
    const becomes = (id: string, status: string) =>
      vi.waitFor(
        async () =>
          expect(
            (await rows.list('b', 'webhook', undefined, 9)).find((row) => row.job_id === id)?.status,
          ).toBe(status),
        patience,
      );
    await becomes(jobId, 'done');
    const header = (at: number, name: string) => Object.fromEntries(got[at]?.headers ?? [])[name];
    expect([header(0, 'webhook-id'), header(1, 'webhook-id')]).toEqual([jobId, jobId]);
    const signed = `${jobId}.${header(0, 'webhook-timestamp')}.{"a":1}`;
    const signature = createHmac('sha256', 'a key').update(signed).digest('base64');
    expect(header(0, 'webhook-signature')).toBe(`v1,${signature}`);
    expect(got[0]?.body).toBe('{"a":1}');
    const refused = await webhooks.enqueue(input);
    await becomes(refused.jobId, 'dead');
    expect(got.length).toBe(3);
  } finally {
    await jobs.stop(Deadline.in(5000));
  }
});

test('a bundle that takes nothing costs no attempt: the job waits for it, and has all its attempts then', async ({
  redis,
  postgres,
}) => {
  let isThere = false;
  const seen: { attempt: number; left: number }[] = [];
  const { jobs, rows } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    async run({ attempt, max_attempts: max }) {
      seen.push({ attempt, left: max - attempt });
      if (!isThere) return { kind: 'unavailable', error: 'away' };
      throw new Error('here, and failing');
    },
  });
  const stateOf = async () => (await rows.list('b', 'job', undefined, 1))[0];
  await jobs.start();
  try {
    await jobs.add({ ...JOB, maxAttempts: 2 });
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1), patience);
    expect(await stateOf()).toMatchObject({ status: 'queued', error: 'away' });
    isThere = true;
    await vi.waitFor(async () => expect((await stateOf())?.status).toBe('dead'), patience);
    const starts = seen.map(({ left }) => left);
    // As often as it was away, one was left beside the two; then both were used.
    expect(starts).toEqual([...starts.slice(0, -2).fill(1), 1, 0]);
    expect((await stateOf())?.error).toBe('here, and failing');
  } finally {
    await jobs.stop(Deadline.in(5000));
  }
});

test('jobs that never end leave the ticks their own slots, and a tick without room says so in its row', async ({
  redis,
  postgres,
}) => {
  const ticks: string[] = [];
  const shared = { redisUrl: redis.url, scope: redis, sql: postgres.sql };
  const served = { bundleId: 'b', name: 'tick', cron: '* * * * * *', timezone: null, maxAttempts: 1 };
  const busy = openJobs({
    ...shared,
    listServed: async () => [served],
    async run(row, signal) {
      if (row.kind === 'schedule') ticks.push(row.dedupe_key ?? '');
      else await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      return { kind: 'done' };
    },
  });
  await busy.jobs.start();
  try {
    // Twice as many as there are slots.
    for (let job = 0; job < 16; job++) await busy.jobs.add(JOB);
    await vi.waitFor(
      async () => expect((await busy.rows.list('b', 'job', 'running', 50)).length).toBe(8),
      patience,
    );
    const before = ticks.length;
    await vi.waitFor(() => expect(ticks.length).toBeGreaterThan(before + 1), patience);
  } finally {
    await busy.jobs.stop(Deadline.in(100));
  }
  const crowded = openJobs({
    ...shared,
    config: { maxWaiting: 1 },
    listServed: async () => [served],
    run: async () => ({ kind: 'done' }),
  });
  // One that waits, and is not due for an hour.
  await crowded.rows.add({ ...JOB, jobId: 'waits', kind: 'schedule', name: 'other', delayMs: 3_600_000 }, 1);
  await crowded.jobs.start();
  try {
    await vi.waitFor(async () => {
      const failed = await crowded.rows.list('b', 'schedule', 'failed', 50);
      expect(failed[0]).toMatchObject({ attempt: 0, error: expect.stringContaining('Skipped: 1 ticks') });
      expect(new Set(failed.map((row) => row.dedupe_key)).size).toBe(failed.length);
    }, patience);
  } finally {
    await crowded.jobs.stop(Deadline.in(5000));
  }
});
