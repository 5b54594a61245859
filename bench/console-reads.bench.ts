/**
 * Figure 12: what an operator's console asks for, with 100,000 messages queued and 10,000 claimed: ours, the same with a hundredth of
 * it, and BullMQ's job counts and pages of jobs. Every read is timed by itself, one at a time.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { openBullmq } from './queue/bullmq-rig.ts';
import { FILLED, fillLane, fillRows } from './queue/fill-lane.ts';
import { openAdmin } from './queue/open-admin.ts';
import { createLatencies } from './src/latencies.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const queued = Number(process.env['QUEUED'] ?? 100_000);
const inflight = Number(process.env['INFLIGHT'] ?? 10_000);
const samples = Number(process.env['SAMPLES'] ?? 300);
const page = 50;
const servers = await startServers();
let wrong = 0;

type Reads = Readonly<Record<string, () => Promise<unknown>>>;
const expect = (isRight: boolean) => {
  if (!isRight) wrong += 1;
};

async function openOurs(project: string, lane: number, claimed: number) {
  const rig = await openAdmin(servers, project);
  const { admin, redis, keys, sql } = rig;
  for (const [list, count] of [
    ['lane', lane],
    ['inflight', claimed],
  ] as const) {
    const options = { project, list, lane: 'registered' as const, count };
    await fillLane({ ...options, redis, keys });
    await fillRows(sql, options);
  }
  await sql.query({ text: 'analyze turn', values: [] });
  const { next_cursor: cursor } = await admin.inflight({ limit: page });
  const reads: Reads = {
    async lanes() {
      const { lanes } = await admin.lanes();
      const own = lanes.find((each) => each.lane === 'registered');
      expect(own?.ready === lane && own.inflight === claimed);
    },
    workers: () => admin.workers(),
    async inflight() {
      const { items } = await admin.inflight({ limit: page });
      expect(items.length === Math.min(page, claimed) && items.every((item) => item.is_started));
    },
    inflightNextPage: () => admin.inflight({ limit: page, ...(cursor === null ? {} : { cursor }) }),
    deadLetters: () => admin.deadLetters({ limit: page }),
    async oneTurn() {
      expect((await admin.turn(`${FILLED}lane-registered-${lane >> 1}`)) !== undefined);
    },
  };
  return { reads, close: () => rig.close() };
}

/** Jobs are made active by asking for them, as a worker does; nobody runs them, and nobody looks for stalled ones. */
async function openPeer() {
  const name = 'console';
  const rig = await openBullmq(servers, {
    name,
    concurrency: 1,
    workers: 0,
    process: () => Promise.resolve(),
  });
  const add = async (count: number) => {
    for (let at = 0; at < count; at += 1000)
      await rig.queue.addBulk(
        Array.from({ length: Math.min(1000, count - at) }, (_none, index) => ({
          name: 'x',
          data: { id: at + index },
        })),
      );
  };
  const connection = new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
  const worker = new Worker(name, undefined, { connection });
  await add(inflight);
  for (let at = 0; at < inflight; at += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, inflight - at) }, (_none, index) =>
        worker.getNextJob(`token-${at + index}`, { block: false }),
      ),
    );
  await add(queued);
  const first = (await rig.queue.getJobs(['waiting'], 0, 0))[0]?.id ?? '';
  const reads: Reads = {
    async jobCounts() {
      const counts = await rig.queue.getJobCounts();
      expect(counts['waiting'] === queued && counts['active'] === inflight);
    },
    workers: () => rig.queue.getWorkers(),
    async activeJobs() {
      expect((await rig.queue.getJobs(['active'], 0, page - 1)).length === Math.min(page, inflight));
    },
    waitingJobs: () => rig.queue.getJobs(['waiting'], 0, page - 1),
    failedJobs: () => rig.queue.getJobs(['failed'], 0, page - 1),
    oneJob: () => rig.queue.getJob(first),
  };
  return {
    reads,
    async close() {
      await worker.close(true);
      connection.disconnect();
      await rig.stop();
    },
  };
}

async function measure(reads: Reads): Promise<Record<string, number>> {
  const all = createLatencies();
  const each = Object.keys(reads).map((name) => ({ name, seen: createLatencies() }));
  for (let sample = 0; sample < samples; sample++) {
    for (const { name, seen } of each) {
      const startedAt = performance.now();
      await reads[name]?.();
      const ms = performance.now() - startedAt;
      all.record(ms);
      seen.record(ms);
    }
  }
  const { p50, p99 } = all.percentiles();
  const single = each.flatMap(({ name, seen }) => {
    const figures = seen.percentiles();
    return [
      [`${name}P50`, figures.p50],
      [`${name}P99`, figures.p99],
    ];
  });
  return { p50, p99, ...(Object.fromEntries(single) as Record<string, number>) };
}

const full = await openOurs('console', queued, inflight);
const small = await openOurs('console-small', Math.ceil(queued / 100), Math.ceil(inflight / 100));
const peer = await openPeer();
const compared = await runRounds(
  [
    { name: 'switchyard', round: () => measure(full.reads) },
    { name: 'switchyard, a hundredth', round: () => measure(small.reads) },
    { name: 'bullmq', round: () => measure(peer.reads) },
  ],
  roundCount,
);
for (const each of [full, small, peer]) await each.close();
await servers.stop();

const ratiosTo = (name: string) => ({
  p50: compared.ratio(name, 'p50', 'smaller'),
  p99: compared.ratio(name, 'p99', 'smaller'),
});
const ratios = { toHundredth: ratiosTo('switchyard, a hundredth'), toBullmq: ratiosTo('bullmq') };
const file = writeResult('console-reads', {
  load: { queued, inflight, samples, page, rounds: roundCount },
  medianMs: compared.medians,
  ratios,
  goals: { p99Ms: 5, toHundredth: { p99: 1 } },
  correctness: { wrongAnswers: wrong },
  rounds: compared.rounds,
});
console.log(
  `\np99 ${compared.medians['switchyard']?.['p99']?.toFixed(2)} ms (goal 5), ${ratios.toHundredth.p50.median.toFixed(2)} of a hundredth's p50 (flat: 1), ${ratios.toBullmq.p99.median.toFixed(2)} of BullMQ's p99; wrong answers ${wrong}`,
);
console.log(`written to ${file}`);
process.exit(0);
