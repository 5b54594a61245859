/**
 * Figure 11: one user has thousands of messages waiting while others send one every 100 ms. How long the others wait until their turn
 * begins, against the same without the crowd; and BullMQ, whose queue is first come, first served. The users' own caps of running
 * turns are as shipped: what is over them is held and not on the lane. The noisy user's cap of queued messages is raised, or all
 * but twenty of its messages would be refused. TASKS=20000 for the long form.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openBullmq } from './queue/bullmq-rig.ts';
import { completed, openHeart } from './queue/heart-rig.ts';
import { createLatencies } from './src/latencies.ts';
import { runOpenLoop } from './src/open-loop.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const crowd = Number(process.env['TASKS'] ?? 2000);
const seconds = Number(process.env['SECONDS'] ?? 6);
const workMs = Number(process.env['WORK_MS'] ?? 50);
const slots = 16;
const ratePerSecond = 10;
const waitMs = 600_000;
const servers = await startServers();
let wrong = 0;

/** A queue with a worker of sixteen slots whose handler takes `workMs`. */
interface Queue {
  add(id: number, isCrowd: boolean): Promise<unknown>;
  addCrowd(ids: readonly number[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Begins when the handler does; ids that begin twice or never are counted. */
function createWatch() {
  const begun = new Map<number, number>();
  const ended = new Set<number>();
  return {
    begun,
    ended,
    async handle(id: number) {
      if (begun.has(id)) wrong += 1;
      begun.set(id, performance.now());
      await sleep(workMs);
      ended.add(id);
    },
  };
}
type Watch = ReturnType<typeof createWatch>;

async function others(queue: Queue, watch: Watch, from: number, forSeconds = seconds) {
  const due = new Map<number, number>();
  const sending: Promise<unknown>[] = [];
  await runOpenLoop({
    ratePerSecond,
    seconds: forSeconds,
    fire(index, dueMs) {
      due.set(from + index, dueMs);
      sending.push(queue.add(from + index, false));
    },
  });
  await Promise.all(sending);
  return async () => {
    await until(() => [...due.keys()].every((id) => watch.ended.has(id)));
    const latencies = createLatencies();
    for (const [id, dueMs] of due) {
      const at = watch.begun.get(id);
      if (at === undefined) wrong += 1;
      else latencies.record(at - dueMs);
    }
    return latencies.percentiles();
  };
}

async function until(isDone: () => boolean) {
  const limit = performance.now() + waitMs;
  while (!isDone() && performance.now() < limit) await sleep(20);
}

async function measure(watch: Watch, queue: Queue): Promise<Record<string, number>> {
  await (
    await others(queue, watch, 900_000, Math.min(2, seconds))
  )();
  const idle = await (await others(queue, watch, 0))();
  const ids = Array.from({ length: crowd }, (_none, index) => 1_000_000 + index);
  await queue.addCrowd(ids);
  const left = ids.filter((id) => !watch.ended.has(id)).length;
  const noisy = await (await others(queue, watch, 500_000))();
  const wasStill = ids.filter((id) => !watch.ended.has(id)).length;
  await until(() => ids.every((id) => watch.ended.has(id)));
  wrong += ids.filter((id) => !watch.ended.has(id)).length;
  await queue.stop();
  return {
    idleP50: idle.p50,
    idleP99: idle.p99,
    noisyP50: noisy.p50,
    noisyP99: noisy.p99,
    timesIdle: noisy.p99 / idle.p99,
    waitingAtStart: left,
    waitingAtEnd: wasStill,
  };
}

async function ours(index: number) {
  const watch = createWatch();
  const heart = await openHeart(servers, `noisy${index}`, { hasRunningCaps: true });
  await heart.startWorker(
    {
      prepare: (task) =>
        Promise.resolve(async () => {
          await watch.handle(Number(task.payload.message));
          return completed('ok');
        }),
    },
    { slots },
  );
  const add = (id: number, isCrowd: boolean) => {
    const request = heart.request(id);
    const userId = isCrowd ? 'noisy' : request.identity.userId;
    return heart.turns.accept({ ...request, text: String(id), identity: { ...request.identity, userId } });
  };
  return measure(watch, {
    add,
    async addCrowd(ids) {
      for (let at = 0; at < ids.length; at += 500)
        await Promise.all(ids.slice(at, at + 500).map((id) => add(id, true)));
    },
    stop: () => heart.stop(),
  });
}

async function bullmq(index: number) {
  const watch = createWatch();
  const rig = await openBullmq(servers, {
    name: `noisy${index}`,
    concurrency: slots,
    process: ({ id }) => watch.handle(id),
  });
  return measure(watch, {
    add: (id) => rig.queue.add('x', { id }),
    addCrowd: (ids) => rig.queue.addBulk(ids.map((id) => ({ name: 'x', data: { id } }))),
    stop: () => rig.stop(),
  });
}

const unlessWarmUp = (round: (index: number) => Promise<Record<string, number>>) => (index: number) =>
  index < 0 ? Promise.resolve({}) : round(index);
const compared = await runRounds(
  [
    { name: 'switchyard', round: unlessWarmUp(ours) },
    { name: 'bullmq', round: unlessWarmUp(bullmq) },
  ],
  roundCount,
);
await servers.stop();
const timesIdle = compared.rounds['switchyard']?.map((figures) => figures['timesIdle'] ?? Number.NaN) ?? [];
const toBullmq = compared.ratio('bullmq', 'noisyP99', 'smaller');
const file = writeResult('noisy-neighbour', {
  load: { crowd, seconds, ratePerSecond, workMs, slots, rounds: roundCount },
  medians: compared.medians,
  ratios: {
    timesIdleP99: {
      median: compared.medians['switchyard']?.['timesIdle'],
      worst: Math.max(...timesIdle),
    },
    toBullmq,
  },
  goals: { timesIdleP99: 3 },
  correctness: { lostOrDoubled: wrong },
  rounds: compared.rounds,
});
console.log(
  `\np99 of the others beside the crowd: ${compared.medians['switchyard']?.['timesIdle']?.toFixed(2)} times their idle p99 (goal 3), ${toBullmq.median.toFixed(4)} of BullMQ's; lost or doubled ${wrong}`,
);
console.log(`written to ${file}`);
process.exit(0);
