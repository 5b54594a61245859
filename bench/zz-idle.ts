import { openReaders } from './streams/open-readers.ts';
import { startOurSide, startSsePeer } from './streams/zz-sides.ts';
import { startServers } from './src/servers.ts';
const kind = process.argv[2] ?? 'ours';
const streams = Number(process.env['STREAMS'] ?? 2000), warm = 1000;
const servers = await startServers();
const options = { readers: streams + warm, isShared: false, isIdle: true };
const side = kind === 'ours' ? await startOurSide(servers, 'idle', options) : await startSsePeer(servers, kind as 'node-http', options);
const nobody = () => () => undefined;
const settle = () => new Promise((r) => setTimeout(r, Number(process.env['SETTLE'] ?? 1000)));
await openReaders(side, warm, nobody, streams);
await settle(); await side.serving.usage();
const before = await side.serving.usage();
if (process.env['SMAPS']) { const { execSync } = await import('node:child_process'); console.log(execSync('python3 /tmp/relay-w/smaps.py ' + side.serving.pid).toString()); }
await openReaders(side, streams, nobody);
await settle(); await side.serving.usage();
const after = await side.serving.usage();
if (process.env['SMAPS']) { const { execSync } = await import('node:child_process'); console.log(execSync('python3 /tmp/relay-w/smaps.py ' + side.serving.pid).toString()); }
console.log(kind, 'rss KiB', ((after.rssBytes - before.rssBytes) / streams / 1024).toFixed(1), 'heap KiB', ((after.heapBytes - before.heapBytes) / streams / 1024).toFixed(1));
if (process.env['SNAP']) { process.kill(side.serving.pid, 'SIGUSR2'); await new Promise((r) => setTimeout(r, 25000)); }
await side.stop(); await servers.stop(); process.exit(0);
