/**
 * Figure 8, static half: one file of 10 KiB of a site, over connections that stay, closed loop: answers a second and CPU of the serving process
 * an answer. Ours finds the site, its plan and the file, checks conditions, and answers from memory with everything on; the peers are
 * @fastify/static and, where there is one, nginx, over a plain folder. Then the memory of the worker while a hundred readers each read a file
 * of 100 MB of their own.
 */
import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '@switchyard/kernel';
import { openStore } from '@switchyard/store';
import { createSiteContents, createSiteRows } from '@switchyard/web-store';
import { keepAsking } from './src/keep-asking.ts';
import type { Target } from './src/keep-asking.ts';
import { startProgram } from './src/probed-process.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';
import { startNginx } from './src/start-nginx.ts';

const callCount = Number(process.env['CALLS'] ?? 20_000);
const connections = Number(process.env['CONNECTIONS'] ?? 32);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const readers = Number(process.env['READERS'] ?? 100);
/** A slow machine does not read all of them to their end; how much memory it takes shows long before. */
const largeSecondsAtMost = Number(process.env['LARGE_SECONDS'] ?? 60);
const largeBytes = Number(process.env['LARGE_MB'] ?? 100) * 1024 * 1024;
const SITE = 'bench';
const OWN = { host: `${SITE}.localhost`, 'x-switchyard-site-origin': 'own' };

const root = await mkdtemp(path.join(tmpdir(), 'switchyard-bench-'));
const [bundlesDir, blobDir, folder] = ['bundles', 'blobs', 'folder'].map((name) => path.join(root, name)) as [
  string,
  string,
  string,
];
await mkdir(folder, { recursive: true });
for (const name of ['web-gateway', 'hello'])
  await cp(path.join(import.meta.dirname, '../bundles', name), path.join(bundlesDir, name), {
    recursive: true,
  });
const ten = Buffer.from(randomBytes(5120).toString('hex'));
await writeFile(path.join(folder, 'ten.css'), ten);

const servers = await startServers();
const services = await openServices(servers, { project: 'static-sites', bundlesDir });
const proc = await services.start('chat-proc', {
  env: { DEFAULT_BUNDLE: 'hello', BLOB_DIR: blobDir },
  hasGc: true,
});

const store = await openStore({ url: servers.databaseUrl, poolSize: 2, applicationName: 'bench' });
const rows = createSiteRows(store.sql, services);
const sites = path.join(blobDir, 'sites');
const { sha256 } = await createSiteContents({ sql: store.sql, dir: sites }).put(ten, {
  maxBytes: ten.length,
  isCompressible: false,
});
// Files of nothing: only their length is real, and no disk holds them up. Nobody checks a content against its name when it is read.
const modified = Math.floor(systemClock.now() / 1000);
const large = await Promise.all(
  Array.from({ length: readers }, async (_, at) => {
    const name = createHash('sha256').update(`large ${at}`).digest('hex');
    const at2 = path.join(sites, 'plain', name.slice(0, 2), name.slice(2, 4));
    await mkdir(at2, { recursive: true });
    const handle = await open(path.join(at2, name), 'w');
    await handle.truncate(largeBytes);
    await handle.close();
    const file = { sha256: name, size: largeBytes, type: 'application/octet-stream', modified };
    return [`large-${at}.bin`, file] as const;
  }),
);
await rows.create(SITE, null);
const tenFile = { sha256, size: ten.length, type: 'text/css; charset=utf-8', modified };
const manifest = { 'ten.css': tenFile, ...Object.fromEntries(large) };
await rows.addDeploy(SITE, { deployId: 'bench1', manifest, createdBy: 'bench' });
if (!(await rows.activate(SITE, 'bench1'))) throw new Error('the deploy did not become active');
await store.close();

const peer = await startProgram({
  file: path.join(import.meta.dirname, 'static-sites/fastify-program.ts'),
  env: { STATIC_ROOT: folder },
});
const nginx = await startNginx(path.join(root, 'nginx'), { server: `root ${folder};` });
if (nginx === undefined)
  console.log(
    'no nginx on this machine: it is left out. `apt-get install nginx-light`, or NGINX_BINARY=<its path>.',
  );

type Costs = () => Promise<number>;
const contestant = (name: string, target: Target, cpuMs?: Costs): Contestant => ({
  name,
  async round() {
    const before = await cpuMs?.();
    const startedAt = performance.now();
    await keepAsking(target, { count: callCount, connections });
    const seconds = (performance.now() - startedAt) / 1000;
    const perAnswer = before === undefined ? undefined : (((await cpuMs?.()) ?? 0) - before) / callCount;
    return {
      answersPerSecond: callCount / seconds,
      ...(perAnswer === undefined ? {} : { cpuUs: perAnswer * 1000 }),
    };
  },
});
const same = { sha256: createHash('sha256').update(ten).digest('hex') };
const peerPort = (peer.hello as { port: number }).port;
const compared = await runRounds(
  [
    contestant(
      'site',
      { ...same, port: proc.port, path: '/site-root/ten.css', headers: OWN },
      async () => (await proc.usage()).cpuMs,
    ),
    contestant(
      'fastify-static',
      { ...same, port: peerPort, path: '/ten.css' },
      async () => (await peer.usage()).cpuMs,
    ),
    ...(nginx === undefined ? [] : [contestant('nginx', { ...same, port: nginx.port, path: '/ten.css' })]),
  ],
  roundCount,
);

const enough = new AbortController();
/** Reads to the end, or until it is enough, and throws away. */
const readLarge = (name: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port: proc.port,
      path: `/site-root/${name}`,
      headers: OWN,
      agent: false,
    });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
      answer.once('close', () => resolve(bytes));
      enough.signal.addEventListener('abort', () => answer.destroy());
    });
    asked.end();
  });
const atRest = (await proc.usage()).rssBytes;
let peak = atRest;
const read = new AbortController();
const watching = (async () => {
  while (!read.signal.aborted) {
    peak = Math.max(peak, (await proc.usage()).rssBytes);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
})();
const enoughTimer = setTimeout(() => enough.abort(), largeSecondsAtMost * 1000);
const largeStartedAt = performance.now();
const lengths = await Promise.all(large.map(([name]) => readLarge(name)));
const largeSeconds = (performance.now() - largeStartedAt) / 1000;
clearTimeout(enoughTimer);
read.abort();
await watching;
const MIB = 1024 * 1024;
const memory = {
  readers,
  fileMiB: largeBytes / MIB,
  readMiB: lengths.reduce((sum, length) => sum + length, 0) / MIB,
  readToTheEnd: lengths.filter((length) => length === largeBytes).length,
  seconds: largeSeconds,
  restMiB: atRest / MIB,
  peakMiB: peak / MIB,
  grownMiB: (peak - atRest) / MIB,
};

const file = writeResult('static-sites', {
  settings: { callCount, connections, roundCount, fileBytes: ten.length },
  medians: compared.medians,
  overFastifyStatic: {
    answersPerSecond: compared.ratio('fastify-static', 'answersPerSecond', 'larger'),
    cpuUs: compared.ratio('fastify-static', 'cpuUs', 'smaller'),
  },
  ...(nginx === undefined ? {} : { overNginx: compared.ratio('nginx', 'answersPerSecond', 'larger') }),
  memory,
  rounds: compared.rounds,
});
console.log(JSON.stringify({ medians: compared.medians, memory, file }, null, 2));
await nginx?.stop();
await peer.stop();
await proc.stop();
await services.close();
await servers.stop();
await rm(root, { recursive: true });
