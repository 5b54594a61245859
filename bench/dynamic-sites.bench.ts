/**
 * Figure 8, dynamic half: requests of a site that a bundle answers, 32 in flight, closed loop: from POST to the end of the answer, and CPU of
 * the serving process a request. Ours finds the site and its route, takes a place, cleans headers, crosses to a bundle in its own process and
 * back, and logs; the peer is one plain express route. The CPU of the bundle's process counts for nobody, as the handler's own work would.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLatencies } from './src/latencies.ts';
import { postJson } from './src/post-json.ts';
import { startProgram } from './src/probed-process.ts';
import type { ProbedProcess } from './src/probed-process.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';

const callCount = Number(process.env['CALLS'] ?? 5000);
const inFlight = Number(process.env['IN_FLIGHT'] ?? 32);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
let wrong = 0;

async function measure(url: string, server: Pick<ProbedProcess, 'usage'>): Promise<Record<string, number>> {
  const latencies = createLatencies();
  const before = await server.usage();
  const startedAt = performance.now();
  let next = 0;
  const slot = async () => {
    for (let call = next++; call < callCount; call = next++) {
      const sentAt = performance.now();
      const { status, body } = await postJson(url, {}, { a: call, b: 1 });
      latencies.record(performance.now() - sentAt);
      if (status === 200 && (JSON.parse(body) as { sum?: number }).sum === call + 1) continue;
      wrong += 1;
      if (wrong < 4) console.log(`wrong: ${status} ${body}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, slot));
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuMs } = await server.usage();
  const { p50, p99, max } = latencies.percentiles();
  return { p50, p99, max, cpuMs: (cpuMs - before.cpuMs) / callCount, callsPerSecond: callCount / seconds };
}

const here = path.join(import.meta.dirname, 'dynamic-sites');
const bundlesDir = await mkdtemp(path.join(tmpdir(), 'switchyard-bench-'));
await cp(path.join(here, 'bundles'), bundlesDir, { recursive: true });
await cp(path.join(import.meta.dirname, '../bundles/web-gateway'), path.join(bundlesDir, 'web-gateway'), {
  recursive: true,
});
const servers = await startServers();
const services = await openServices(servers, { project: 'dynamic-sites', bundlesDir });
const proc = await services.start('chat-proc', { env: { DEFAULT_BUNDLE: 'answerer' } });
const peer = await startProgram({ file: path.join(here, 'peer-program.ts'), env: {} });
const [token = ''] = await services.issueTokens(1);
const open = `api/integrations/bundles/${services.tenant}/${services.project}/answerer/operations/open`;
const opened = await postJson(`${proc.url}/${open}`, { authorization: `Bearer ${token}` }, {});
if (opened.status !== 200) throw new Error(`the site was not made: ${opened.body}`);
const peerUrl = `http://127.0.0.1:${(peer.hello as { port: number }).port}/api`;
const contestants: Contestant[] = [
  { name: 'fetch', round: () => measure(`${proc.url}/sites/answerer/api/fetch`, proc) },
  { name: 'channel', round: () => measure(`${proc.url}/sites/answerer/api/channel`, proc) },
  { name: 'express', round: () => measure(peerUrl, peer) },
];
const compared = await runRounds(contestants, roundCount);
const file = writeResult('dynamic-sites', {
  settings: { callCount, inFlight, roundCount },
  medians: compared.medians,
  wrong,
  rounds: compared.rounds,
});
console.log(JSON.stringify({ medians: compared.medians, wrong, file }, null, 2));
await peer.stop();
await proc.stop();
await services.close();
await servers.stop();
await rm(bundlesDir, { recursive: true });
