/**
 * Figure 2: an idle worker, four lanes: how long from enqueue to the handler. Peers: BullMQ with 100 slots, bee-queue, and a loop
 * that asks five lanes in turn by a blocking pop of 100 ms, as home builds do. One message at a time, in one process, so that no
 * two clocks are compared. `row` counts our whole accept, with its durable row, to the first line of the turn.
 */
import BeeQueue from 'bee-queue';
import { Redis } from 'ioredis';
import { openBullmq } from './queue/bullmq-rig.ts';
import { completed, openHeart } from './queue/heart-rig.ts';
import { createLatencies } from './src/latencies.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const samples = Number(process.env['SAMPLES'] ?? 300);
const pauseMs = 3;
const lanes = ['privileged', 'paid', 'registered', 'anonymous'] as const;
const pause = () => new Promise((resolve) => setTimeout(resolve, pauseMs));

const servers = await startServers();
let picked: (at: number) => void = () => undefined;
let begun: (at: number) => void = () => undefined;

const heart = await openHeart(servers, 'pickup');
await heart.startWorker({
  prepare: () => {
    picked(performance.now());
    return Promise.resolve(() => {
      begun(performance.now());
      return Promise.resolve(completed('ok'));
    });
  },
});
const ours: Contestant = {
  name: 'switchyard',
  async round(index) {
    const [pickup, row] = [createLatencies(), createLatencies()];
    for (let at = 0; at < samples; at++) {
      const number = (index + 1) * samples + at;
      const whenPicked = new Promise<number>((resolve) => void (picked = resolve));
      const whenBegun = new Promise<number>((resolve) => void (begun = resolve));
      const base = heart.request(number);
      const identity = { ...base.identity, userType: lanes[number % 4] ?? 'registered' };
      const sentAt = performance.now();
      const accepting = heart.turns.accept({ ...base, identity });
      const pickedAt = await whenPicked;
      pickup.record(pickedAt - heart.lastScriptAt());
      row.record((await whenBegun) - sentAt);
      await accepting;
      await pause();
    }
    const [a, b] = [pickup.percentiles(), row.percentiles()];
    return { p50: a.p50, p99: a.p99, withRowsP50: b.p50, withRowsP99: b.p99 };
  },
};

async function sample(
  send: (id: number) => Promise<unknown>,
  arrive: (resolve: (at: number) => void) => void,
  count = samples,
) {
  const seen = createLatencies();
  for (let at = 0; at < count; at++) {
    const arrived = new Promise<number>(arrive);
    const sentAt = performance.now();
    await Promise.all([send(at), arrived.then((when) => seen.record(when - sentAt))]);
    await pause();
  }
  const { p50, p99 } = seen.percentiles();
  return { p50, p99 };
}

let bullArrived: (at: number) => void = () => undefined;
const bull = await openBullmq(servers, {
  name: 'pickup',
  concurrency: 100,
  process: () => Promise.resolve(bullArrived(performance.now())),
});
let beeArrived: (at: number) => void = () => undefined;
const beeRedis = new URL(servers.redisUrl);
const bee = new BeeQueue('pickup', {
  redis: { host: beeRedis.hostname, port: Number(beeRedis.port) },
  removeOnSuccess: true,
});
bee.process(100, () => Promise.resolve(beeArrived(performance.now())));
await bee.ready();

let polledArrived: (at: number) => void = () => undefined;
const pollLanes = ['poll:1', 'poll:2', 'poll:3', 'poll:4', 'poll:5'];
const poller = new Redis(servers.redisUrl);
const pushing = new Redis(servers.redisUrl);
const polls = new AbortController();
const polling = (async () => {
  while (!polls.signal.aborted) {
    for (const lane of pollLanes) {
      const item: string | null = await poller.brpoplpush(lane, 'poll:inflight', 0.1);
      if (item === null) continue;
      polledArrived(performance.now());
      await poller.lrem('poll:inflight', 1, item);
    }
  }
})();

const compared = await runRounds(
  [
    ours,
    {
      name: 'bullmq',
      round: () =>
        sample(
          (id) => bull.queue.add('x', { id }),
          (resolve) => void (bullArrived = resolve),
        ),
    },
    {
      name: 'bee-queue',
      round: () =>
        sample(
          (id) => bee.createJob({ id }).save(),
          (resolve) => void (beeArrived = resolve),
        ),
    },
    {
      name: 'five lanes polled in turn',
      round: () =>
        sample(
          (id) => pushing.lpush(pollLanes[(id * id * 7 + id * 3) % 5] ?? 'poll:1', String(id)),
          (resolve) => void (polledArrived = resolve),
          Math.min(samples, 40),
        ),
    },
  ],
  roundCount,
);
polls.abort();
await polling;
for (const client of [poller, pushing]) client.disconnect();
await bee.close(1000);
await bull.stop();
await heart.stop();
await servers.stop();

const file = writeResult('idle-pickup', {
  load: { samples, pauseMs, rounds: roundCount },
  medianMs: compared.medians,
  ratios: {
    toBullmq: {
      p50: compared.ratio('bullmq', 'p50', 'smaller'),
      p99: compared.ratio('bullmq', 'p99', 'smaller'),
    },
    toBee: {
      p50: compared.ratio('bee-queue', 'p50', 'smaller'),
      p99: compared.ratio('bee-queue', 'p99', 'smaller'),
    },
    toPolling: { p50: compared.ratio('five lanes polled in turn', 'p50', 'smaller') },
  },
  goals: { toBullmq: { p50: 0.6 }, toPolling: { p50: 1 / 200 } },
  rounds: compared.rounds,
});
console.log(`\nours / bullmq p50 ${compared.ratio('bullmq', 'p50', 'smaller').median.toFixed(2)} (goal 0.6)`);
console.log(`written to ${file}`);
process.exit(0);
