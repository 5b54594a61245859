/**
 * Figure 13: calls of an operation, 64 in flight, closed loop: from POST to the end of the answer. Ours proves a token, counts the call
 * against the user's rate in Redis, checks the input and crosses to a bundle in its own process and back; the peer is one plain express route.
 * Beside the times, which on a busy machine are mostly waiting, stands what a call costs: CPU of the server and of what it started, commands
 * of Redis, transactions of Postgres.
 */
import path from 'node:path';
import { cpuMsOfTree } from './operations/cpu-of-tree.ts';
import { openStoreCounts } from './operations/store-counts.ts';
import { createLatencies } from './src/latencies.ts';
import { postJson } from './src/post-json.ts';
import { startProgram } from './src/probed-process.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';

const callCount = Number(process.env['CALLS'] ?? 10_000);
const inFlight = Number(process.env['IN_FLIGHT'] ?? 64);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const userCount = 64;
let wrong = 0;

interface Side {
  readonly name: string;
  readonly url: string;
  /** Of the server: with its children it is what a call costs. */
  readonly pid: number;
  headersOf(call: number): Record<string, string>;
}

/** `PROFILE_DIR=/tmp/p ./dev bench operations` leaves a CPU profile of the server there, which costs it some. */
function profiled(): Record<string, string> {
  const dir = process.env['PROFILE_DIR'];
  return dir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${dir}` };
}

async function measure({ url, pid, headersOf }: Side): Promise<Record<string, number>> {
  const latencies = createLatencies();
  let next = 0;
  const [cpuBefore, countsBefore] = [await cpuMsOfTree(pid), await counts.read()];
  const startedAt = performance.now();
  const slot = async () => {
    for (let call = next++; call < callCount; call = next++) {
      const sentAt = performance.now();
      const { status, body } = await postJson(url, headersOf(call), { a: call, b: 1 });
      latencies.record(performance.now() - sentAt);
      const { add } = JSON.parse(body) as { add?: { sum?: number } };
      if (status === 200 && add?.sum === call + 1) continue;
      wrong += 1;
      if (wrong < 4) console.log(`wrong: ${status} ${body}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, slot));
  const { p50, p99, max } = latencies.percentiles();
  const callsPerSecond = callCount / ((performance.now() - startedAt) / 1000);
  const [cpu, countsAfter] = [await cpuMsOfTree(pid), await counts.read()];
  return {
    p50,
    p99,
    max,
    callsPerSecond,
    serverCpuMsPerCall: (cpu.own - cpuBefore.own) / callCount,
    childrenCpuMsPerCall: (cpu.children - cpuBefore.children) / callCount,
    cpuMsPerCall: (cpu.own + cpu.children - cpuBefore.own - cpuBefore.children) / callCount,
    redisCommandsPerCall: (countsAfter.redisCommands - countsBefore.redisCommands) / callCount,
    sqlTransactionsPerCall: (countsAfter.sqlTransactions - countsBefore.sqlTransactions) / callCount,
  };
}

const dir = path.join(import.meta.dirname, 'operations');
const servers = await startServers();
const counts = await openStoreCounts(servers);
const services = await openServices(servers, {
  project: 'operations',
  bundlesDir: path.join(dir, 'bundles'),
});
// Only what a load from few users would run into; all checks stay on.
const env = {
  RATE_PRIVILEGED: '10000000/1m',
  RATE_ADDRESS: '10000000/1m',
  DEFAULT_BUNDLE: 'adder',
  ...profiled(),
};
const proc = await services.start('chat-proc', { env });
const peer = await startProgram({ file: path.join(dir, 'peer-program.ts'), env: {} });
const tokens = await services.issueTokens(userCount);
const address = `api/integrations/bundles/${services.tenant}/${services.project}/adder/operations/add`;
const sides: Side[] = [
  {
    name: 'switchyard',
    url: `${proc.url}/${address}`,
    pid: proc.pid,
    headersOf: (call) => ({ authorization: `Bearer ${tokens[call % userCount] ?? ''}` }),
  },
  {
    name: 'express',
    url: `http://127.0.0.1:${(peer.hello as { port: number }).port}/add`,
    pid: peer.pid,
    headersOf: () => ({}),
  },
];
const contestants: Contestant[] = sides.map((side) => ({ name: side.name, round: () => measure(side) }));
const compared = await runRounds(contestants, roundCount);
const ratios = Object.fromEntries(
  ['p50', 'p99', 'cpuMsPerCall'].map((figure) => [figure, compared.ratio('express', figure, 'smaller')]),
);
const file = writeResult('operations', {
  settings: { callCount, inFlight, userCount, roundCount },
  medians: compared.medians,
  ratios,
  goal: { p99: 1.5 },
  wrong,
  rounds: compared.rounds,
});
console.log(JSON.stringify({ medians: compared.medians, ratios, wrong, file }, null, 2));
await peer.stop();
await proc.stop();
await services.close();
await counts.close();
await servers.stop();
