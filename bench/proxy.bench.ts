/**
 * Figure 8, proxy half: small requests over connections that stay, closed loop, through web-proxy with everything on (clean headers, limits,
 * request id, access log, metrics; and once more with a masked cookie, which is looked up in Redis), through bare http-proxy-3 and, where there
 * is one, through nginx, all before the same service: answers a second and CPU of the proxy an answer. Then how much later a frame of a stream
 * arrives than without a proxy, and the memory of the proxy while many clients have begun a request and do not go on.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTokenVault } from '@switchyard/identity';
import { Secret, createIds, systemClock } from '@switchyard/kernel';
import { COOKIE } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { openSlowCrowd } from './proxy/slow-crowd.ts';
import { measureStreamDelay } from './proxy/stream-delay.ts';
import { keepAsking } from './src/keep-asking.ts';
import { startProgram } from './src/probed-process.ts';
import type { ProbedProcess } from './src/probed-process.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';
import { startNginx } from './src/start-nginx.ts';

const callCount = Number(process.env['CALLS'] ?? 20_000);
const connections = Number(process.env['CONNECTIONS'] ?? 32);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const streams = Number(process.env['STREAMS'] ?? 20);
const seconds = Number(process.env['SECONDS'] ?? 5);
const slowClients = Number(process.env['SLOW_CLIENTS'] ?? 10_000);

const workDir = await mkdtemp(path.join(tmpdir(), 'switchyard-bench-'));
const program = (name: string): string => path.join(import.meta.dirname, 'proxy', `${name}-program.ts`);
const portOf = ({ hello }: ProbedProcess): number => (hello as { port: number }).port;

const servers = await startServers();
const services = await openServices(servers, { project: 'proxy' });
const upstream = await startProgram({ file: program('upstream'), env: {} });
const upstreamUrl = `http://127.0.0.1:${portOf(upstream)}`;
const ours = await services.start('web-proxy', {
  env: {
    INGRESS_URL: upstreamUrl,
    LOG_LEVEL: 'info',
    SITES_PORT: '0',
    // The whole crowd comes from one address, and stays until it was measured.
    MAX_CONNECTIONS: '100000',
    MAX_CONNECTIONS_PER_ADDRESS: '100000',
    HEADERS_TIMEOUT: '10m',
    REQUEST_TIMEOUT: '10m',
    BODY_IDLE_TIMEOUT: '10m',
  },
  hasGc: true,
  isUnread: true,
});
const bare = await startProgram({ file: program('bare'), env: { UPSTREAM_URL: upstreamUrl }, hasGc: true });
const nginx = await startNginx(path.join(workDir, 'nginx'), {
  http: `upstream service { server 127.0.0.1:${portOf(upstream)}; keepalive 64; }`,
  server:
    'location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }',
});
if (nginx === undefined)
  console.log(
    'no nginx on this machine: it is left out. `apt-get install nginx-light`, or NGINX_BINARY=<its path>.',
  );

const redis = await connectRedis({ url: servers.redisUrl, kind: 'commands', name: 'bench' });
const vault = createTokenVault({
  redis,
  keys: createKeys(services),
  clock: systemClock,
  ids: createIds(systemClock, randomBytes),
  masterKeys: { current: new Secret(servers.masterKey), former: [] },
});
const hour = 3_600_000;
const cookie = `${COOKIE.masked}=${await vault.mask('a-token', systemClock.now() + hour)}`;
await redis.close();

const answer = Buffer.from(await (await fetch(`${upstreamUrl}/profile`)).arrayBuffer());
const sha256 = createHash('sha256').update(answer).digest('hex');
const throughput = (
  name: string,
  port: number,
  headers: Record<string, string>,
  proxy?: ProbedProcess,
): Contestant => ({
  name,
  async round() {
    const before = await proxy?.usage();
    const startedAt = performance.now();
    await keepAsking({ port, path: '/profile', headers, sha256 }, { count: callCount, connections });
    const took = (performance.now() - startedAt) / 1000;
    const after = await proxy?.usage();
    const cpuUs = ((after?.cpuMs ?? 0) - (before?.cpuMs ?? 0)) * (1000 / callCount);
    return { answersPerSecond: callCount / took, ...(proxy === undefined ? {} : { cpuUs }) };
  },
});
const bearer = { authorization: 'Bearer a-token' };
const compared = await runRounds(
  [
    throughput('web-proxy', ours.port, bearer, ours),
    throughput('web-proxy-cookie', ours.port, { cookie }, ours),
    throughput('http-proxy-3', portOf(bare), bearer, bare),
    ...(nginx === undefined ? [] : [throughput('nginx', nginx.port, bearer)]),
    throughput('no-proxy', portOf(upstream), bearer),
  ],
  roundCount,
);

const delay = (name: string, url: string): Contestant => ({
  name,
  async round() {
    const { p50, p99, count } = await measureStreamDelay(url, bearer, { streams, seconds });
    return { p50, p99, count };
  },
});
const delays = await runRounds(
  [
    delay('web-proxy', ours.url),
    delay('http-proxy-3', `http://127.0.0.1:${portOf(bare)}`),
    ...(nginx === undefined ? [] : [delay('nginx', `http://127.0.0.1:${nginx.port}`)]),
    delay('no-proxy', upstreamUrl),
  ],
  roundCount,
);
const later = (figure: 'p50' | 'p99'): number =>
  (delays.medians['web-proxy']?.[figure] ?? Number.NaN) -
  (delays.medians['no-proxy']?.[figure] ?? Number.NaN);

/** Of one that asks while the crowd is there. */
const askedMs = async (port: number): Promise<number> => {
  const startedAt = performance.now();
  await keepAsking({ port, path: '/profile', headers: bearer, sha256 }, { count: 100, connections: 1 });
  return (performance.now() - startedAt) / 100;
};
const underCrowd = async (proxy: ProbedProcess, port: number) => {
  await proxy.usage();
  const before = await proxy.usage();
  const crowd = await openSlowCrowd(port, slowClients);
  await proxy.usage();
  const during = await proxy.usage();
  const answeredMs = await askedMs(port);
  const stayed = crowd.open();
  crowd.leave();
  const grown = during.rssBytes - before.rssBytes;
  return {
    clients: slowClients,
    stayed,
    restMiB: before.rssBytes / 1024 / 1024,
    grownMiB: grown / 1024 / 1024,
    kibEach: grown / 1024 / slowClients,
    answeredMs,
  };
};
const crowds = {
  'web-proxy': await underCrowd(ours, ours.port),
  'http-proxy-3': await underCrowd(bare, portOf(bare)),
};

const file = writeResult('proxy', {
  settings: { callCount, connections, roundCount, answerBytes: answer.length, streams, seconds, slowClients },
  medians: compared.medians,
  overHttpProxy: {
    answersPerSecond: compared.ratio('http-proxy-3', 'answersPerSecond', 'larger'),
    cpuUs: compared.ratio('http-proxy-3', 'cpuUs', 'smaller'),
  },
  ...(nginx === undefined ? {} : { overNginx: compared.ratio('nginx', 'answersPerSecond', 'larger') }),
  streamDelayMs: delays.medians,
  streamLaterMs: { p50: later('p50'), p99: later('p99') },
  crowds,
  rounds: { throughput: compared.rounds, delay: delays.rounds },
});
console.log(
  JSON.stringify(
    {
      medians: compared.medians,
      streams: delays.medians,
      laterMs: { p50: later('p50'), p99: later('p99') },
      crowds,
      file,
    },
    null,
    2,
  ),
);
await nginx?.stop();
for (const each of [ours, bare, upstream]) await each.stop();
await services.close();
await servers.stop();
await rm(workDir, { recursive: true });
