/**
 * Figure 14: claims and whole turns a second with a backlog of one, ten and a hundred times BACKLOG, by one worker; and by one, two and
 * four workers, each a process, with ten times BACKLOG. Flat in the backlog, and growing with the workers until Redis or the cores are
 * full. Compared with itself: ratios are to the first point within the same round.
 */
import { openBacklog } from './growth/backlog.ts';
import type { Backlog } from './growth/backlog.ts';
import { median, writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const unit = Number(process.env['BACKLOG'] ?? 1000);
const count = Number(process.env['TASKS'] ?? 1000);
const faults = { lost: 0, doubled: 0 };
const servers = await startServers();

const points = [
  { times: 1, workers: 1 },
  { times: 10, workers: 1 },
  { times: 100, workers: 1 },
  { times: 10, workers: 2 },
  { times: 10, workers: 4 },
];
const backlogs = new Map<number, Backlog>();
for (const times of [1, 10, 100])
  backlogs.set(times, await openBacklog(servers, `growth${times}`, unit * times));

const nameOf = ({ times, workers }: { times: number; workers: number }) =>
  `backlog ${unit * times}, ${workers} workers`;

async function measure(point: (typeof points)[number]): Promise<Record<string, number>> {
  const backlog = backlogs.get(point.times);
  if (backlog === undefined) return {};
  const claims = await backlog.claim(point.workers, Math.min(unit * point.times, 5 * count));
  const turns = await backlog.run(point.workers, count);
  for (const { lost, doubled } of [claims, turns]) {
    faults.lost += lost;
    faults.doubled += doubled;
  }
  return { claimsPerSecond: claims.perSecond, turnsPerSecond: turns.perSecond };
}

const compared = await runRounds(
  points.map((point) => ({
    name: nameOf(point),
    // Every measurement has processes of its own: only the scripts and the table are warmed, by the smallest point.
    round: (index: number) =>
      index < 0 && (point.times > 1 || point.workers > 1) ? Promise.resolve({}) : measure(point),
  })),
  roundCount,
);
for (const backlog of backlogs.values()) await backlog.close();
await servers.stop();

const growth = (point: { times: number; workers: number }, base: { times: number; workers: number }) => {
  const each = (figure: string) =>
    (compared.rounds[nameOf(point)] ?? []).map((figures, index) => {
      const first = compared.rounds[nameOf(base)]?.[index]?.[figure] ?? Number.NaN;
      return (figures[figure] ?? Number.NaN) / first;
    });
  return { claims: median(each('claimsPerSecond')), turns: median(each('turnsPerSecond')) };
};
const one = { times: 10, workers: 1 };
const ratios = {
  backlog10: growth(one, { times: 1, workers: 1 }),
  backlog100: growth({ times: 100, workers: 1 }, { times: 1, workers: 1 }),
  workers2: growth({ times: 10, workers: 2 }, one),
  workers4: growth({ times: 10, workers: 4 }, one),
};
const file = writeResult('growth', {
  load: { unit, tasks: count, rounds: roundCount },
  medians: compared.medians,
  ratios,
  goals: { backlog100: 1, workers2: 2, workers4: 4 },
  correctness: faults,
  rounds: compared.rounds,
});
console.log(`\nratios ${JSON.stringify(ratios)}; faults ${JSON.stringify(faults)}`);
console.log(`written to ${file}`);
process.exit(0);
