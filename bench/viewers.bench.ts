/**
 * Figure 6: one session's stream with thousands of viewers in one serving process, against better-sse (fed by Redis pub/sub) and
 * socket.io with its Redis adapter. Deliveries per CPU second of the serving process: messages, and the tokens in them, since ours
 * joins what a slow viewer has not read yet. After the rounds somebody joins ours late: one joined frame and the tail.
 */
import { measureRelay, toLedger } from './streams/measure-relay.ts';
import { openReaders } from './streams/open-readers.ts';
import { startOurSide, startSocketio, startSsePeer } from './streams/sides.ts';
import type { StreamSide } from './streams/sides.ts';
import type { TokenLedger } from './streams/token-ledger.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const viewers = Number(process.env['VIEWERS'] ?? 5000);
const ratePerSecond = Number(process.env['RATE'] ?? 5);
const seconds = Number(process.env['SECONDS'] ?? 4);
const faults: Record<string, { lost: number; doubled: number; outOfOrder: number }> = {};

const servers = await startServers();
const options = { readers: viewers, isShared: true };

/** Viewers stay for a round only: thousands of idle ones of the other sides would cost the machine what is measured. */
async function round(side: StreamSide, forSeconds: number) {
  let ledger: TokenLedger | undefined;
  const readers = await openReaders(side, viewers, (reader) => toLedger(() => ledger, reader));
  const order = { streams: readers.streams.slice(0, 1), ratePerSecond, seconds: forSeconds };
  const seen = await measureRelay(side, order, viewers, (next) => void (ledger = next));
  readers.close();
  const sum = (faults[side.name] ??= { lost: 0, doubled: 0, outOfOrder: 0 });
  sum.lost += seen.lost;
  sum.doubled += seen.doubled;
  sum.outOfOrder += seen.outOfOrder;
  const cpuSeconds = seen.servingCpuMs / 1000;
  return {
    messagesPerCpuSecond: seen.frames / cpuSeconds,
    tokensPerCpuSecond: seen.tokens / cpuSeconds,
    p50: seen.p50,
    p99: seen.p99,
  };
}

/** Somebody joins in the middle of an answer, and asks for all of the running turn. */
async function joinLate(side: StreamSide) {
  const watcher = await side.open(0, () => undefined);
  const saying = side.emitting?.ask({ streams: [watcher.stream], ratePerSecond: 50, seconds: 3 });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const texts: string[] = [];
  const late = await side.open(
    viewers + 1,
    (event, body) => {
      if (event === 'chat_delta' && body.text !== undefined) texts.push(body.text);
    },
    '&replay=turn',
  );
  const { sent } = (await saying) as { sent: number };
  const indexes = () => [...texts.join('').matchAll(/(\d+):[\d.]+;/g)].map(([, index]) => Number(index));
  const until = performance.now() + 20_000;
  while (indexes().length < sent && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  for (const each of [watcher, late]) each.close();
  const isWhole = indexes().length === sent && indexes().every((index, at) => index === at);
  return { sent, tokensInFirstFrame: (texts[0] ?? '').split(';').length - 1, frames: texts.length, isWhole };
}

const ours = await startOurSide(servers, 'viewers', options);
const peers = [
  await startSsePeer(servers, 'better-sse', options),
  await startSocketio(servers, 'pubsub', options),
];
const compared = await runRounds(
  [ours, ...peers].map((side) => ({
    name: side.name,
    round: (index: number) => round(side, index < 0 ? 1 : seconds),
  })),
  roundCount,
);
const lateJoiner = await joinLate(ours);
for (const side of [ours, ...peers]) await side.stop();
await servers.stop();

const ratiosTo = (peer: string) => ({
  messages: compared.ratio(peer, 'messagesPerCpuSecond', 'larger'),
  tokens: compared.ratio(peer, 'tokensPerCpuSecond', 'larger'),
});
const ratios = { toBetterSse: ratiosTo('better-sse'), toSocketio: ratiosTo('socket.io pubsub') };
const file = writeResult('viewers', {
  load: { viewers, ratePerSecond, seconds, rounds: roundCount },
  medians: compared.medians,
  ratios,
  goals: { toBetterSse: 1.5, toSocketio: 1.5 },
  lateJoiner,
  correctness: faults,
  rounds: compared.rounds,
});
console.log(
  `\nmessages a CPU second: ours / better-sse ${ratios.toBetterSse.messages.median.toFixed(2)}, / socket.io ${ratios.toSocketio.messages.median.toFixed(2)} (goal 1.5); late joiner ${JSON.stringify(lateJoiner)}; faults ${JSON.stringify(faults)}`,
);
console.log(`written to ${file}`);
process.exit(0);
