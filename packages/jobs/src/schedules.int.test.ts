import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Deadline } from '@switchyard/kernel';
import { platformTest as test } from '@switchyard/testkit';
import { expect, vi } from 'vitest';
import { openJobs } from '../test/open-jobs.ts';
import { scheduleId } from './schedule-sync.ts';

const PROGRAM = path.join(import.meta.dirname, '../test/worker-program.ts');
const KILLS = 8;

interface Did {
  job_id: string;
  tick: string;
  attempt: number;
  pid: number;
}

test('a schedule of each second under three workers that are killed: never two starts of a tick', async ({
  redis,
  postgres,
}) => {
  const { sql } = postgres;
  await sql.query({ text: 'create table did (job_id text, tick text, attempt int, pid int)' });
  const env = {
    PATH: process.env['PATH'] ?? '',
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    TENANT: redis.tenant,
    PROJECT: redis.project,
  };
  const workers: ChildProcess[] = [];
  const launch = async (): Promise<void> => {
    const child = fork(PROGRAM, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    workers.push(child);
    await once(child, 'message');
  };
  const kill = async (child: ChildProcess | undefined): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const did = () => sql.query<Did>({ text: 'select * from did' });
  const rows = () =>
    sql.query<{ dedupe_key: string; attempt: number; status: string }>({
      text: "select dedupe_key, attempt, status from background_job where kind = 'schedule'",
    });
  // What a dead worker's hint or a healed Redis may bring: the same tick again, at the moment at which it runs.
  const { jobs, carrier } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql,
    run: async () => ({ kind: 'done' }),
  });
  const doubled = async (): Promise<void> => {
    const found = await sql.query<{ job_id: string }>({ text: 'select job_id from background_job' });
    for (const { job_id: jobId } of found)
      await carrier.hint({ jobId, kind: 'schedule', attempt: 0, delayMs: 0 });
  };
  try {
    await Promise.all([launch(), launch(), launch()]);
    for (let round = 0; round < KILLS; round++) {
      const before = (await did()).length;
      await vi.waitFor(
        async () => {
          await doubled();
          expect((await did()).length).toBeGreaterThan(before);
        },
        { timeout: 60_000, interval: 50 },
      );
      // Whoever does it is in its midst now.
      const pid = (await did()).at(-1)?.pid;
      await kill(workers.find((one) => one.pid === pid));
      await launch();
    }
    // Ticks go on after all of it, and what the killed ones left is told.
    const before = (await did()).length;
    await vi.waitFor(async () => expect((await did()).length).toBeGreaterThan(before + 1), {
      timeout: 60_000,
      interval: 50,
    });
    await vi.waitFor(
      async () => expect((await rows()).some(({ status }) => status === 'interrupted')).toBe(true),
      { timeout: 60_000, interval: 50 },
    );
  } finally {
    await Promise.all(workers.map(kill));
    await jobs.stop(Deadline.in(5000));
    await carrier.close();
  }
  const [done, ticks] = [await did(), await rows()];
  const starts = done.map(({ tick }) => tick);
  expect(starts).toEqual([...new Set(starts)]);
  expect(ticks.map(({ dedupe_key: tick }) => tick).length).toBe(new Set(ticks.map((t) => t.dedupe_key)).size);
  for (const { attempt } of ticks) expect(attempt).toBeLessThanOrEqual(1);
}, 300_000);

test('schedulers follow what serves: added, changed, removed, and healed when their chain broke', async ({
  redis,
  postgres,
}) => {
  const at = { bundleId: 'b', name: 'nightly:one', timezone: 'Europe/Berlin', maxAttempts: 1 };
  let served = [{ ...at, cron: '0 3 * * *' }];
  const { jobs, carrier, schedules } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    run: async () => ({ kind: 'done' }),
    listServed: async () => served,
  });
  try {
    await schedules.sync();
    const first = (await schedules.nextTicks('b')).get('nightly:one');
    expect(first).toBeGreaterThan(0);
    served = [{ ...at, cron: '30 4 * * *' }];
    await schedules.sync();
    expect((await schedules.nextTicks('b')).get('nightly:one')).not.toBe(first);
    expect(await schedules.stillServes({ ...at, cron: '0 3 * * *' })).toBeUndefined();
    await carrier.queue.removeJobScheduler(scheduleId(at));
    await schedules.sync();
    expect((await schedules.nextTicks('b')).size).toBe(1);
    served = [];
    await schedules.sync();
    expect((await schedules.nextTicks('b')).size).toBe(0);
  } finally {
    await jobs.stop(Deadline.in(5000));
    await carrier.close();
  }
});

test('a schedule that names no timezone keeps to UTC, wherever its worker stands', async ({
  redis,
  postgres,
}) => {
  const former = process.env['TZ'];
  process.env['TZ'] = 'Asia/Tokyo';
  const noon = { bundleId: 'b', name: 'noon', cron: '0 12 * * *', timezone: null, maxAttempts: 1 };
  const { jobs, carrier, schedules } = openJobs({
    redisUrl: redis.url,
    scope: redis,
    sql: postgres.sql,
    run: async () => ({ kind: 'done' }),
    listServed: async () => [noon],
  });
  try {
    // As a release before this one left it.
    await carrier.queue.upsertJobScheduler(scheduleId(noon), { pattern: noon.cron }, { name: 'tick' });
    const hourOfNext = async () => new Date((await schedules.nextTicks('b')).get('noon') ?? 0).getUTCHours();
    expect(await hourOfNext()).toBe(3);
    await schedules.sync();
    expect(await hourOfNext()).toBe(12);
  } finally {
    if (former === undefined) delete process.env['TZ'];
    else process.env['TZ'] = former;
    await jobs.stop(Deadline.in(5000));
    await carrier.close();
  }
});
