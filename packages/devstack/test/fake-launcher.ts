// Starts a warden, a server that knows nothing of us and a service, tells their pids and waits to be killed.
import { fileURLToPath } from 'node:url';
import { startServerProcess } from '../src/server-process.ts';
import { startServiceProcess } from '../src/service-process.ts';
import { startWarden } from '../src/warden.ts';

const warden = startWarden();
const server = await startServerProcess({
  name: 'server',
  command: process.execPath,
  args: ['-e', "console.log('ready'); setInterval(() => {}, 60_000)"],
  env: {},
  stopSignal: 'SIGTERM',
  stopGraceMs: 1000,
  readyMs: 10_000,
  isReadyLine: (line) => line === 'ready',
  warden,
});
const service = await startServiceProcess({
  name: 'service',
  entry: fileURLToPath(new URL('./fake-service.mjs', import.meta.url)),
  env: { MODE: process.argv[2] ?? 'good' },
  cwd: '/',
  readyMs: 10_000,
  stopGraceMs: 500,
  onLine: () => {},
  warden,
});
console.log(JSON.stringify([server.identity, service.identity]));
