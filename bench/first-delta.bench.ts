/**
 * Figure 1: POST to first SSE delta at 50 arrivals a second, against BullMQ + PUBLISH + node SSE on the same Redis and Postgres.
 * Two peers: the bare chain, which keeps nothing, and the chain with the same two durable rows before the first delta.
 * Rounds go ours, bare, with rows, ours, ...; the ratio of each round is taken within it.
 */
import pg from 'pg';
import { measureRound } from './first-delta/measure.ts';
import type { Round, Side } from './first-delta/measure.ts';
import { startOurs } from './first-delta/ours.ts';
import { startPeer } from './first-delta/peer.ts';
import { median, ratioOf, writeResult } from './src/result.ts';

const rate = 50;
const users = 16;
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const seconds = Number(process.env['SECONDS'] ?? 15);
const warmSeconds = 4;

async function measure(side: Side, label: string, forSeconds: number): Promise<Round> {
  const round = await measureRound(side, { ratePerSecond: rate, seconds: forSeconds, label });
  const figures = `p50 ${round.p50.toFixed(2)}  p99 ${round.p99.toFixed(2)}  max ${round.max.toFixed(1)} ms`;
  const counts = `answered ${round.answered}/${round.sent}, refused ${round.refused}, doubled ${round.doubled}, out of order ${round.outOfOrder}`;
  console.log(`${label.padEnd(12)} ${side.name.padEnd(36)} ${figures}  ${counts}`);
  return round;
}

const ours = await startOurs({ users });
const pool = new pg.Pool({ connectionString: ours.databaseUrl, max: 1 });
await pool.query(
  'create table if not exists bench_row (id text primary key, status text not null, request jsonb not null)',
);
await pool.end();
const bare = await startPeer({ ...ours, withRows: false, users });
const rows = await startPeer({ ...ours, withRows: true, users });
const sides = { ours: ours.side, bare: bare.side, rows: rows.side };
type Key = keyof typeof sides;
const keys = Object.keys(sides) as Key[];

const rounds: Record<Key, Round[]> = { ours: [], bare: [], rows: [] };
for (const key of keys) await measure(sides[key], `warm-${key}`, warmSeconds);
for (let index = 0; index < roundCount; index++) {
  for (const key of keys) rounds[key].push(await measure(sides[key], `r${index}-${key}`, seconds));
}
bare.stop();
rows.stop();
await ours.stop();

const of = (key: Key, figure: 'p50' | 'p99') => rounds[key].map((round) => round[figure]);
const compare = (peer: Key) => ({
  p50: ratioOf(of('ours', 'p50'), of(peer, 'p50')),
  p99: ratioOf(of('ours', 'p99'), of(peer, 'p99')),
});
const sum = (key: Key, figure: 'sent' | 'answered' | 'refused' | 'doubled' | 'outOfOrder') =>
  rounds[key].reduce((total, round) => total + round[figure], 0);
const result = {
  load: { ratePerSecond: rate, seconds, users, rounds: roundCount },
  medianMs: Object.fromEntries(
    keys.map((key) => [key, { p50: median(of(key, 'p50')), p99: median(of(key, 'p99')) }]),
  ),
  ratios: { toBare: compare('bare'), toRows: compare('rows') },
  goals: { toBare: { p50: 1.2, p99: 1 }, toRows: { p50: 0.8, p99: 0.8 } },
  correctness: Object.fromEntries(
    keys.map((key) => [
      key,
      {
        sent: sum(key, 'sent'),
        answered: sum(key, 'answered'),
        refused: sum(key, 'refused'),
        doubled: sum(key, 'doubled'),
        outOfOrder: sum(key, 'outOfOrder'),
      },
    ]),
  ),
  rounds,
};
const file = writeResult('first-delta', result);
console.log(
  `\nours / bare:      p50 ${result.ratios.toBare.p50.median.toFixed(2)} (goal 1.2)  p99 ${result.ratios.toBare.p99.median.toFixed(2)} (goal 1)`,
);
console.log(
  `ours / with rows: p50 ${result.ratios.toRows.p50.median.toFixed(2)} (goal 0.8)  p99 ${result.ratios.toRows.p99.median.toFixed(2)} (goal 0.8)`,
);
console.log(`written to ${file}`);
process.exit(0);
