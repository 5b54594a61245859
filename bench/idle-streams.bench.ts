/**
 * Figure 7: what an idle event stream costs its serving process: (memory after - memory before) / streams, after collections, in a
 * fresh process each round. Ours is chat-ingress with a token, a session and a subscription for each; peers check nobody.
 * The sockets' own buffers are the kernel's and in nobody's figure.
 */
import { openReaders } from './streams/open-readers.ts';
import { startOurSide, startSocketio, startSsePeer } from './streams/sides.ts';
import type { StreamSide } from './streams/sides.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';

const roundCount = Number(process.env['ROUNDS'] ?? 5);
const streams = Number(process.env['STREAMS'] ?? 2000);
/** Open before the first look: what a process loads at its first streams, and the slack that it has from its start, is no stream's cost. */
const warm = Number(process.env['WARM'] ?? 1000);
const settleMs = 1000;
let failed = 0;

const servers = await startServers();
const options = { readers: streams + warm, isShared: false, isIdle: true };
const settle = () => new Promise((resolve) => setTimeout(resolve, settleMs));
const nobody = () => () => undefined;

async function measure(start: () => Promise<StreamSide>): Promise<Record<string, number>> {
  const side = await start();
  const first = await openReaders(side, warm, nobody, streams);
  await settle();
  await side.serving.usage();
  const before = await side.serving.usage();
  const readers = await openReaders(side, streams, nobody);
  await settle();
  await side.serving.usage();
  const after = await side.serving.usage();
  if (readers.streams.length !== streams) failed += 1;
  for (const each of [first, readers]) each.close();
  await side.stop();
  const kib = (bytes: number) => bytes / 1024 / streams;
  return {
    kibEach: kib(after.rssBytes - before.rssBytes),
    heapKibEach: kib(after.heapBytes - before.heapBytes),
  };
}

let project = 0;
const contestants = [
  { name: 'switchyard', start: () => startOurSide(servers, `idle${++project}`, options) },
  { name: 'node-http', start: () => startSsePeer(servers, 'node-http', options) },
  { name: 'better-sse', start: () => startSsePeer(servers, 'better-sse', options) },
  { name: 'socket.io', start: () => startSocketio(servers, 'none', options) },
];
const compared = await runRounds(
  contestants.map(({ name, start }) => ({
    name,
    // Every round is a fresh process: there is nothing to warm up.
    round: (index: number) => (index < 0 ? Promise.resolve({}) : measure(start)),
  })),
  roundCount,
);
await servers.stop();

const ratios = {
  toNodeHttp: compared.ratio('node-http', 'kibEach', 'smaller'),
  toBetterSse: compared.ratio('better-sse', 'kibEach', 'smaller'),
  toSocketio: compared.ratio('socket.io', 'kibEach', 'smaller'),
};
const file = writeResult('idle-streams', {
  load: { streams, warm, rounds: roundCount },
  mediansKib: compared.medians,
  ratios,
  goals: { toNodeHttp: 1.1 },
  correctness: { roundsWithStreamsMissing: failed },
  rounds: compared.rounds,
});
console.log(
  `\nours / node:http ${ratios.toNodeHttp.median.toFixed(2)} (goal 1.1), / better-sse ${ratios.toBetterSse.median.toFixed(2)}, / socket.io ${ratios.toSocketio.median.toFixed(2)}`,
);
console.log(`written to ${file}`);
process.exit(0);
