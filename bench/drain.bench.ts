/**
 * Figure 3: a backlog of tiny tasks is drained, each exactly once. Three figures of ours: `claims`, the lanes alone (a worker with
 * as many slots as there are tasks takes them all, each under a lease, and runs none); `turns`, every turn with its two durable rows,
 * its events and its fence, run in the worker; and BullMQ with 100 slots, which keeps no row, as the peer of both. What was run twice
 * or not at all is counted.
 */
import { Deadline } from '@switchyard/kernel';
import { openBullmq } from './queue/bullmq-rig.ts';
import { completed, openHeart } from './queue/heart-rig.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const count = Number(process.env['TASKS'] ?? 20_000);
const servers = await startServers();
let wrong = 0;

/** Runs `fill`, then counts what `drain` handles until every id came; returns tasks a second. */
async function drained(
  fill: () => Promise<unknown>,
  drain: (seen: (id: string) => void) => Promise<() => Promise<unknown>>,
  countsAfterEnd = true,
): Promise<{ perSecond: number; fillPerSecond: number }> {
  const filledAt = performance.now();
  await fill();
  const seen = new Set<string>();
  const { promise: done, resolve } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  const stop = await drain((id) => {
    if (seen.size === count && !countsAfterEnd) return;
    if (seen.has(id)) wrong += 1;
    seen.add(id);
    if (seen.size === count) resolve(performance.now());
  });
  const endedAt = await Promise.race([
    done,
    new Promise<number>((end) => setTimeout(end, 120_000, Number.NaN)),
  ]);
  if (seen.size !== count) console.log(`${count - seen.size} of ${count} did not come`);
  wrong += Math.abs(count - seen.size);
  await stop();
  return {
    perSecond: (count * 1000) / (endedAt - startedAt),
    fillPerSecond: (count * 1000) / (startedAt - filledAt),
  };
}

async function fillHeart(heart: Awaited<ReturnType<typeof openHeart>>) {
  for (let at = 0; at < count; at += 500)
    await Promise.all(
      Array.from({ length: Math.min(500, count - at) }, (_none, index) =>
        heart.turns.accept(heart.request(at + index)),
      ),
    );
}

const never = () => new Promise<never>(() => undefined);

async function ours(kind: 'claims' | 'turns', index: number) {
  const heart = await openHeart(servers, `${kind}${index + 1}`);
  // Accepting needs a worker that is alive; this one is full. Leases are long: what is claimed and never run must not be reaped.
  const { promise: isFull, resolve: full } = Promise.withResolvers<void>();
  const idle = await heart.startWorker(
    {
      prepare: () => {
        full();
        return never();
      },
    },
    { slots: 1, lease: 300_000 },
  );
  await heart.turns.accept(heart.request(count + 1));
  await isFull;
  const figures = await drained(
    () => fillHeart(heart),
    async (seen) => {
      const slots = kind === 'claims' ? count + 10 : 100;
      await heart.startWorker(
        {
          prepare: (task) => {
            if (kind === 'claims') {
              seen(task.taskId);
              return never();
            }
            return Promise.resolve(() => {
              seen(task.taskId);
              return Promise.resolve(completed('ok'));
            });
          },
        },
        { slots, lease: 300_000, leaseRenew: 60_000, drainLimit: 0, abortGrace: 0 },
      );
      return () => idle.stop(Deadline.in(0));
    },
    // A stopping worker gives back what it has claimed and not run, and may see it once more.
    kind === 'turns',
  );
  await heart.stop();
  return { perSecond: figures.perSecond, fillPerSecond: figures.fillPerSecond };
}

async function bullmq() {
  let seen: (id: string) => void = () => undefined;
  const name = `drain-${Math.round(performance.now())}`;
  const filling = await openBullmq(servers, {
    name,
    concurrency: 1,
    workers: 0,
    process: () => Promise.resolve(),
  });
  const figures = await drained(
    async () => {
      for (let at = 0; at < count; at += 500)
        await filling.queue.addBulk(
          Array.from({ length: Math.min(500, count - at) }, (_none, index) => ({
            name: 'x',
            data: { id: at + index },
          })),
        );
    },
    async (take) => {
      seen = take;
      const rig = await openBullmq(servers, {
        name,
        concurrency: 100,
        process: ({ id }) => Promise.resolve(seen(String(id))),
      });
      return () => rig.stop();
    },
  );
  await filling.stop();
  return figures;
}

const compared = await runRounds(
  [
    { name: 'switchyard claims', round: (index) => ours('claims', index) },
    { name: 'switchyard turns', round: (index) => ours('turns', index) },
    { name: 'bullmq', round: bullmq },
  ],
  roundCount,
);
await servers.stop();
const turnRatio =
  (compared.medians['switchyard turns']?.['perSecond'] ?? 0) /
  (compared.medians['bullmq']?.['perSecond'] ?? 1);
const file = writeResult('drain', {
  load: { tasks: count, rounds: roundCount },
  medians: compared.medians,
  ratios: { claimsToBullmq: compared.ratio('bullmq', 'perSecond', 'larger'), turnsToBullmq: turnRatio },
  goals: { claimsToBullmq: 3 },
  correctness: { lostOrDoubled: wrong },
  rounds: compared.rounds,
});
console.log(
  `\nclaims / bullmq ${compared.ratio('bullmq', 'perSecond', 'larger').median.toFixed(2)} (goal 3), durable turns / bullmq ${turnRatio.toFixed(2)}, lost or doubled ${wrong}`,
);
console.log(`written to ${file}`);
process.exit(0);
