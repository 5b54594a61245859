import { measureRelay, toLedger } from './streams/measure-relay.ts';
import { openReaders } from './streams/open-readers.ts';
import { startOurSide, startSocketio, startSsePeer } from './streams/zz-sides.ts';
import type { TokenLedger } from './streams/token-ledger.ts';
import { startServers } from './src/servers.ts';
const kind = process.argv[2] ?? 'ours';
const isShared = process.argv[3] === 'shared';
const streams = Number(process.env['STREAMS'] ?? 200);
const rate = Number(process.env['RATE'] ?? 50);
const servers = await startServers();
const options = { readers: streams, isShared };
const side = kind === 'ours' ? await startOurSide(servers, 'relay', options) : kind === 'better-sse' ? await startSsePeer(servers, 'better-sse', options) : await startSocketio(servers, kind as 'streams', options);
let ledger: TokenLedger | undefined;
const readers = await openReaders(side, streams, (r) => toLedger(() => ledger, r));
for (let i = 0; i < 3; i++) {
  const order = { streams: isShared ? readers.streams.slice(0, 1) : readers.streams, ratePerSecond: rate, seconds: i === 0 ? 2 : 4 };
  const seen = await measureRelay(side, order, streams, (n) => void (ledger = n));
  console.log(kind, 'frames/cpu-s', (seen.frames / (seen.servingCpuMs / 1000)).toFixed(0), 'tokens/cpu-s', (seen.tokens / (seen.servingCpuMs / 1000)).toFixed(0), 'us/frame', (seen.servingCpuMs * 1000 / seen.frames).toFixed(1), 'p50', seen.p50, 'p99', seen.p99, 'lost', seen.lost, 'ooo', seen.outOfOrder);
}
readers.close();
await side.stop();
await servers.stop();
process.exit(0);
