import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { issueAccessToken } from '@switchyard/devstack';
import { createJobCarrier } from '@switchyard/jobs';
import type { JobKind } from '@switchyard/jobs';
import { createKeys } from '@switchyard/redis';
import { silentLog } from '@switchyard/telemetry';
import { platformTest, startFleet } from '@switchyard/testkit';
import type { Fleet } from '@switchyard/testkit';
import { expect } from 'vitest';
import { PROCS, SCOPE } from './members.ts';
import { createRandom } from './random.ts';

const SECONDS = Number(process.env['SCHEDULE_SECONDS'] ?? 60);
const SEED = process.env['SCHEDULE_SEED'] ?? randomBytes(4).toString('hex');
const MEAN_BETWEEN_KILLS_MS = 2500;
const ENV = { JOB_LEASE: '2s', JOB_RECONCILE: '1s', RUNNER_WARM_HOSTS: '0', LOG_LEVEL: 'warn' };
/** A scheduler that lost its next tick is seen 5 s later, at the next look; the rest is a machine that is busy with starts. */
const LONGEST_GAP_MS = 30_000;
const PATIENCE = { timeout: 180_000, interval: 100 };

interface Row {
  job_id: string;
  kind: JobKind;
  dedupe_key: string;
  status: string;
  attempt: number;
}

/** Times at which no worker was there at all, so that nobody could tick. */
function watchFleet(fleet: Fleet) {
  let nobodyMs = 0;
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (fleet.members.every((member) => member.current() === undefined)) nobodyMs += now - last;
    last = now;
  }, 20);
  return { nobodyMs: () => nobodyMs, stop: () => clearInterval(timer) };
}

platformTest(
  `three workers killed at random for a minute (seed ${SEED}): no tick and no attempt starts twice, no job is lost`,
  async ({ redis, postgres }) => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-schedules-'));
    const store = await redis.privateServer();
    const { sql } = postgres;
    const access = {
      ...SCOPE,
      redisUrl: store.url,
      databaseUrl: postgres.url,
      masterKey: randomBytes(32).toString('base64'),
    };
    const fleet = await startFleet({
      members: PROCS.map((name) => ({ ...access, name, service: 'chat-proc' })),
      dataDir: join(dir, 'data'),
      bundlesDir: fileURLToPath(new URL('./schedule-bundles', import.meta.url)),
      masterKey: access.masterKey,
      env: ENV,
      onLine: () => undefined,
    });
    const carrier = createJobCarrier({
      redisUrl: store.url,
      keys: createKeys(SCOPE),
      log: silentLog,
      slots: { job: 1, schedule: 1, webhook: 1, prediction: 1, procedure: 1 },
    });
    const rows = (kind: string) =>
      sql.query<Row>({
        text: 'select job_id, kind, dedupe_key, status, attempt from background_job where kind = $1 order by dedupe_key',
        values: [kind],
      });
    const keys = async (bundle: string) =>
      (
        await sql.query<{ key: string }>({
          text: 'select key from bundle_value where bundle_id = $1 order by key',
          values: [bundle],
        })
      ).map(({ key }) => key);
    const random = createRandom(SEED);
    const watch = watchFleet(fleet);
    const token = await issueAccessToken(access, { user: 'ada', type: 'privileged' });
    const over = new AbortController();
    let added = 0;

    /** A job is added when somebody said so: a caller who heard nothing asks the next worker, with the same key. */
    const add = async (n: number): Promise<void> => {
      for (let turn = 0; ; turn += 1) {
        const { port } = fleet.member(PROCS[turn % PROCS.length] ?? 'proc-1');
        const said = await fetch(
          `http://127.0.0.1:${port}/api/integrations/bundles/demo/main/works/operations/add`,
          {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
            body: JSON.stringify({ n }),
          },
        ).catch(() => undefined);
        await said?.arrayBuffer().catch(() => undefined);
        if (said?.status === 200) return;
        await sleep(100);
      }
    };
    const adding = async (): Promise<void> => {
      for (; !over.signal.aborted; added += 1) {
        await add(added);
        await sleep(150);
      }
    };
    /** What a healed Redis or a late message may bring: rows told of again while they run. */
    const doubling = async (): Promise<void> => {
      while (!over.signal.aborted) {
        for (const { job_id: jobId, kind, attempt, status } of [
          ...(await rows('schedule')),
          ...(await rows('job')),
        ].slice(-200))
          if (status === 'running' || status === 'queued')
            for (const heard of [attempt, Math.max(0, attempt - 1)])
              await carrier.hint({ jobId, kind, attempt: heard, delayMs: 0 }).catch(() => undefined);
        await sleep(100);
      }
    };
    const restarts: Promise<void>[] = [];
    let kills = 0;
    const killing = async (): Promise<void> => {
      const until = Date.now() + SECONDS * 1000;
      while (Date.now() < until) {
        await sleep(random.gapMs(MEAN_BETWEEN_KILLS_MS));
        const victim = fleet.member(random.pick(PROCS));
        if (victim.current() === undefined) continue;
        await victim.kill();
        kills += 1;
        restarts.push(victim.start());
      }
    };

    try {
      await expect.poll(async () => (await rows('schedule')).length, PATIENCE).toBeGreaterThan(1);
      const work = [adding(), doubling()];
      await killing();
      await Promise.all(restarts);
      over.abort();
      await Promise.all(work);
      const before = (await rows('schedule')).filter(({ status }) => status === 'done').length;
      await expect
        .poll(async () => (await rows('schedule')).filter(({ status }) => status === 'done').length, PATIENCE)
        .toBeGreaterThan(before + 2);
      await expect
        .poll(async () => new Set((await rows('job')).map(({ status }) => status)), PATIENCE)
        .toEqual(new Set(['done']));
    } finally {
      over.abort();
      watch.stop();
      await Promise.allSettled(restarts);
      await fleet.stop();
      await carrier.close();
    }

    const [ticks, jobs, clock, works] = [
      await rows('schedule'),
      await rows('job'),
      await keys('clock'),
      await keys('works'),
    ];
    const startsOf = (all: readonly string[], depth: number) =>
      all.filter((key) => key.startsWith('start/')).map((key) => key.split('/').slice(1, depth).join('/'));

    const tickStarts = startsOf(clock, 2);
    expect(tickStarts).toEqual([...new Set(tickStarts)]);
    for (const { dedupe_key: tick, status } of ticks)
      if (status === 'done')
        expect(
          clock.filter((key) => key.startsWith(`end/${tick}/`)),
          tick,
        ).toHaveLength(1);
    expect(kills).toBeGreaterThan(0);

    // 04: a tick at whose time nobody ran is not made up for. Beyond that none may be missing for long.
    const times = ticks.map(({ dedupe_key: tick }) => Date.parse(tick));
    const longestGap = Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? time)));
    expect(longestGap).toBeLessThan(LONGEST_GAP_MS + watch.nobodyMs());

    const attemptStarts = startsOf(works, 3);
    expect(attemptStarts).toEqual([...new Set(attemptStarts)]);
    expect(jobs.map(({ dedupe_key: key }) => key).toSorted()).toEqual(
      Array.from({ length: added }, (_, n) => `n-${n}`).toSorted(),
    );
    for (let n = 0; n < added; n++)
      expect(
        works.filter((key) => key.startsWith(`end/${n}/`)),
        `job ${n}`,
      ).not.toHaveLength(0);
    const states = Object.entries(Object.groupBy(ticks, ({ status }) => status)).map(
      ([status, all]) => `${status} ${all?.length}`,
    );
    console.log(
      `seed ${SEED}: ${kills} kills, ${ticks.length} ticks (${states.join(', ')}), longest gap ${longestGap} ms, nobody there for ${watch.nobodyMs()} ms; ` +
        `${added} jobs with ${attemptStarts.length} starts`,
    );
    await rm(dir, { recursive: true, force: true });
  },
  600_000 + SECONDS * 1000,
);
