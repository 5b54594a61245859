import path from 'node:path';
import { fillLane, fillRows } from '../queue/fill-lane.ts';
import { openHeart } from '../queue/heart-rig.ts';
import { openAdmin } from '../queue/open-admin.ts';
import { startProgram } from '../src/probed-process.ts';
import type { ProbedProcess } from '../src/probed-process.ts';
import type { Servers } from '../src/servers.ts';
import type { Report } from './worker-program.ts';

export interface Drained {
  readonly perSecond: number;
  readonly lost: number;
  readonly doubled: number;
}

/** A lane that is as long before every measurement. */
export interface Backlog {
  /** So many workers, each a process, take `count` of it. */
  claim(workers: number, count: number): Promise<Drained>;
  /** So many new messages, at the lane's head, become whole turns. */
  run(workers: number, count: number): Promise<Drained>;
  close(): Promise<void>;
}

const LANE = 'registered';
const LIMIT_MS = 60_000;
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

export async function openBacklog(servers: Servers, project: string, length: number): Promise<Backlog> {
  const { redis, keys, sql, close } = await openAdmin(servers, project);
  const heart = await openHeart(servers, project);
  let number = 0;
  // Accepting needs a worker that is alive: this one is full, and looks for nothing else.
  const isFull = Promise.withResolvers<void>();
  await heart.startWorker(
    {
      prepare: () => {
        isFull.resolve();
        return new Promise<never>(() => undefined);
      },
    },
    { slots: 1, lease: 3_600_000, leaseRenew: 600_000, reapEvery: 3_600_000, reconcileEvery: 3_600_000 },
  );
  await heart.turns.accept(heart.request(number++));
  await isFull.promise;
  const options = { project, list: 'lane' as const, lane: LANE, count: length } as const;
  await fillLane({ ...options, redis, keys });
  await fillRows(sql, options);

  const workersOf = (kind: 'claims' | 'turns', count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        startProgram({
          file: path.join(import.meta.dirname, 'worker-program.ts'),
          env: {
            REDIS_URL: servers.redisUrl,
            DATABASE_URL: servers.databaseUrl,
            PROJECT: project,
            KIND: kind,
          },
        }),
      ),
    );

  const drain = async (workers: readonly ProbedProcess[], count: number): Promise<Drained> => {
    await Promise.all(workers.map((worker) => worker.ask('go')));
    const until = performance.now() + LIMIT_MS;
    const counted = async () => {
      const answers = await Promise.all(workers.map((worker) => worker.ask('count')));
      return answers.reduce<number>((sum, answer) => sum + (answer as { count: number }).count, 0);
    };
    while ((await counted()) < count && performance.now() < until) await pause();
    const reports = (await Promise.all(workers.map((worker) => worker.ask('report')))) as Report[];
    const ids = reports.flatMap((report) => report.ids);
    const busy = reports.filter((report) => report.ids.length > 0);
    const ms =
      Math.max(...busy.map((report) => report.lastMs)) - Math.min(...busy.map((report) => report.firstMs));
    return {
      perSecond: ((ids.length - 1) * 1000) / ms,
      lost: Math.max(0, count - new Set(ids).size),
      doubled: ids.length - new Set(ids).size,
    };
  };

  /** Back to the lane's head, as if nobody had claimed them. */
  const giveBack = async () => {
    const claimed = await redis.driver.lrange(keys.inflight(LANE), 0, -2);
    const pipeline = redis.driver.pipeline();
    for (const id of claimed)
      pipeline.del(keys.lease(id)).lmove(keys.inflight(LANE), keys.lane(LANE), 'LEFT', 'RIGHT');
    await pipeline.exec();
  };

  const completedRows = async () => {
    const text =
      "select count(*)::int as n from turn where tenant = 'bench' and project = $1 and status = 'completed'";
    const [row] = await sql.query<{ n: number }>({ text, values: [project] });
    return row?.n ?? 0;
  };

  return {
    async claim(workerCount, count) {
      const workers = await workersOf('claims', workerCount);
      const drained = await drain(workers, count);
      for (const worker of workers) await worker.kill();
      await giveBack();
      return drained;
    },
    async run(workerCount, count) {
      const before = await completedRows();
      const workers = await workersOf('turns', workerCount);
      for (let at = 0; at < count; at += 200)
        await Promise.all(
          Array.from({ length: Math.min(200, count - at) }, () =>
            heart.turns.accept(heart.request(number++)),
          ),
        );
      const pipeline = redis.driver.pipeline();
      for (let at = 0; at < count; at++) pipeline.lmove(keys.lane(LANE), keys.lane(LANE), 'LEFT', 'RIGHT');
      await pipeline.exec();
      const drained = await drain(workers, count);
      const until = performance.now() + LIMIT_MS;
      while ((await completedRows()) < before + count && performance.now() < until) await pause();
      const unended = before + count - (await completedRows());
      for (const worker of workers) await worker.kill();
      await giveBack();
      return { ...drained, lost: drained.lost + Math.max(0, unended) };
    },
    async close() {
      await heart.stop();
      await close();
    },
  };
}
