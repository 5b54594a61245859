/**
 * Figure 5: tokens from an emitting process through Redis to a serving process and its readers, each with a stream of its own, at a
 * fixed rate. Ours: a worker's turns, the event log, chat-ingress with everything on. Peers: socket.io with either Redis adapter.
 * Tokens per CPU second of the serving process, p99 from when a token was due, and what was lost, doubled or out of order.
 */
import { measureRelay, toLedger } from './streams/measure-relay.ts';
import { openReaders } from './streams/open-readers.ts';
import { startOurSide, startSocketio } from './streams/sides.ts';
import type { StreamSide } from './streams/sides.ts';
import type { TokenLedger } from './streams/token-ledger.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const streams = Number(process.env['STREAMS'] ?? 200);
const ratePerSecond = Number(process.env['RATE'] ?? 50);
const seconds = Number(process.env['SECONDS'] ?? 4);
/** Once each after the rounds: until where it goes. */
const climb = (process.env['CLIMB'] ?? '2,4').split(',').filter(Boolean).map(Number);
const faults: Record<string, { lost: number; doubled: number; outOfOrder: number }> = {};

const servers = await startServers();
const options = { readers: streams, isShared: false };
const sides = [
  await startOurSide(servers, 'relay', options),
  await startSocketio(servers, 'streams', options),
  await startSocketio(servers, 'pubsub', options),
];

async function prepare(side: StreamSide) {
  let ledger: TokenLedger | undefined;
  const readers = await openReaders(side, streams, (reader) => toLedger(() => ledger, reader));
  const measure = async (factor: number, forSeconds: number) => {
    const order = { streams: readers.streams, ratePerSecond: ratePerSecond * factor, seconds: forSeconds };
    const seen = await measureRelay(side, order, streams, (next) => void (ledger = next));
    const sum = (faults[side.name] ??= { lost: 0, doubled: 0, outOfOrder: 0 });
    sum.lost += seen.lost;
    sum.doubled += seen.doubled;
    sum.outOfOrder += seen.outOfOrder;
    return {
      tokensPerCpuSecond: seen.tokens / (seen.servingCpuMs / 1000),
      p50: seen.p50,
      p99: seen.p99,
      tokensPerMessage: seen.tokens / seen.frames,
      lost: seen.lost,
    };
  };
  return { side, measure };
}

const prepared = await Promise.all(sides.map(prepare));
const compared = await runRounds(
  prepared.map(({ side, measure }) => ({
    name: side.name,
    round: (index: number) => measure(1, index < 0 ? Math.min(2, seconds) : seconds),
  })),
  roundCount,
);
const climbed: Record<string, unknown>[] = [];
for (const factor of climb) {
  for (const { side, measure } of prepared) {
    const figures = await measure(factor, Math.min(3, seconds));
    climbed.push({ side: side.name, tokensPerSecond: streams * ratePerSecond * factor, ...figures });
    console.log(`x${factor} ${side.name.padEnd(32)} p99 ${figures.p99.toFixed(1)} ms, lost ${figures.lost}`);
  }
}
for (const side of sides) await side.stop();
await servers.stop();

const ratios = {
  toStreamsAdapter: compared.ratio('socket.io streams', 'tokensPerCpuSecond', 'larger'),
  toPubSubAdapter: compared.ratio('socket.io pubsub', 'tokensPerCpuSecond', 'larger'),
};
const file = writeResult('relay-tokens', {
  load: { streams, ratePerSecond, seconds, rounds: roundCount },
  medians: compared.medians,
  ratios,
  goals: { toStreamsAdapter: 3, p99Ms: 50 },
  correctness: faults,
  climb: climbed,
  rounds: compared.rounds,
});
console.log(
  `\nours / streams adapter ${ratios.toStreamsAdapter.median.toFixed(2)} (goal 3), / pub/sub adapter ${ratios.toPubSubAdapter.median.toFixed(2)}, faults ${JSON.stringify(faults)}`,
);
console.log(`written to ${file}`);
process.exit(0);
