/**
 * Chat turns beside a flood of web requests: 500 at once, again and again. POST to first delta and to the end of the answer, of turns
 * whose bundle answers the flood in the same process (`own`), of turns of another bundle of the same worker (`other`), without a flood
 * (`alone`), and beside the same flood of the same cost that a program outside answers (`outside`). What a machine that is busy takes
 * from everybody is in `outside` too: what `own` and `other` have beyond it is what sharing a worker, and a process, costs a turn.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureRound } from './first-delta/measure.ts';
import type { Side } from './first-delta/measure.ts';
import { startCpuMeter } from './src/cpu-meter.ts';
import { postJson } from './src/post-json.ts';
import { startProgram } from './src/probed-process.ts';
import { median, writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';
import type { Flood, FloodSeen } from './web-flood/flood-program.ts';

const atOnce = Number(process.env['AT_ONCE'] ?? 500);
const everyMs = Number(process.env['EVERY_MS'] ?? 1500);
const ratePerSecond = Number(process.env['RATE'] ?? 10);
const seconds = Number(process.env['SECONDS'] ?? 12);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const waves = Math.ceil((seconds * 1000) / everyMs);
const userCount = 16;

const here = path.join(import.meta.dirname, 'web-flood');
const bundlesDir = await mkdtemp(path.join(tmpdir(), 'switchyard-bench-'));
await cp(path.join(here, 'bundles'), bundlesDir, { recursive: true });
const gateway = path.join(import.meta.dirname, '../bundles/web-gateway');
await cp(gateway, path.join(bundlesDir, 'web-gateway'), { recursive: true });
const servers = await startServers();
const services = await openServices(servers, { project: 'web-flood', bundlesDir });
const env = { DEFAULT_BUNDLE: 'talker', RATE_PRIVILEGED: '10000000/1m', RATE_ADDRESS: '10000000/1m' };
const proc = await services.start('chat-proc', { env });
const ingress = await services.start('chat-ingress', { env });
const flooder = await startProgram({ file: path.join(here, 'flood-program.ts'), env: {} });
const outside = await startProgram({ file: path.join(here, 'outside-program.ts'), env: {} });
const tokens = await services.issueTokens(userCount);
const open = `api/integrations/bundles/${services.tenant}/${services.project}/shop/operations/open`;
const opened = await postJson(`${proc.url}/${open}`, { authorization: `Bearer ${tokens[0] ?? ''}` }, {});
if (opened.status !== 200) throw new Error(`the site was not made: ${opened.body}`);
const siteUrl = `${proc.url}/sites/shop/api/sum`;
const outsideUrl = `http://127.0.0.1:${(outside.hello as { port: number }).port}/api`;

let wrong = 0;
let wrongTurns = 0;
/** Of a flood that comes faster than it is answered, what the site's line had no room for. */
let refused = 0;
async function flood(url: string, count: number): Promise<FloodSeen> {
  const seen = (await flooder.ask({ url, atOnce, everyMs, waves: count } satisfies Flood)) as FloodSeen;
  wrong += seen.wrong;
  refused += seen.refused;
  return seen;
}

function sideOf(bundleId: string): Side {
  const users = tokens.map((token, index) => ({
    streamUrl: `${ingress.url}/sse/stream?stream_id=s${index}`,
    postUrl: `${ingress.url}/sse/chat?stream_id=s${index}`,
    headers: { authorization: `Bearer ${token}` },
  }));
  return {
    name: bundleId,
    processes: [],
    users,
    body: (id) => ({
      bundle_id: bundleId,
      external_events: [
        {
          event_id: id,
          type: 'event.user.prompt',
          payload: { mime: 'text/plain', event: { text: 'hello' } },
        },
      ],
    }),
    conversationOf: (_id, answer) => (JSON.parse(answer) as { conversation_id: string }).conversation_id,
  };
}

/** Turns at their rate, beside a flood of that address. */
async function measure(name: string, bundleId: string, index: number, url?: string) {
  const options = { ratePerSecond, seconds: index < 0 ? 3 : seconds, label: `${name}${index}` };
  const flooding = url === undefined ? undefined : flood(url, index < 0 ? 2 : waves);
  const round = await measureRound(sideOf(bundleId), options);
  const seen = await flooding;
  wrongTurns += round.sent - round.answered + round.doubled + round.outOfOrder;
  const { p50, p99, wholeP50, wholeP99, max } = round;
  return { p50, p99, wholeP50, wholeP99, max, floodP50: seen?.p50 ?? 0, floodP99: seen?.p99 ?? 0 };
}

// What a request costs worker and host together, once both are warm: that is what the program outside takes for one.
await flood(siteUrl, 3);
const meter = startCpuMeter([{ name: 'worker', pid: proc.pid, childrenName: 'hosts' }]);
const calibration = await flood(siteUrl, 4);
const used = meter();
const costOf = (name: string) => (used?.[name] ?? Number.NaN) / calibration.sent;
const costMs = { worker: costOf('worker'), host: costOf('hosts') };
await outside.ask({ workMs: costMs.worker + costMs.host });
console.log(
  `a request takes ${costMs.worker.toFixed(2)} ms of the worker and ${costMs.host.toFixed(2)} ms of the host`,
);

const compared = await runRounds(
  [
    { name: 'own', round: (index) => measure('own', 'shop', index, siteUrl) },
    { name: 'outside', round: (index) => measure('outside', 'talker', index, outsideUrl) },
    { name: 'other', round: (index) => measure('other', 'talker', index, siteUrl) },
    { name: 'alone', round: (index) => measure('alone', 'talker', index) },
  ],
  roundCount,
);
const figures = ['p50', 'p99', 'wholeP50', 'wholeP99'] as const;
const ratios = (ours: string, peer: string) =>
  Object.fromEntries(
    figures.map((figure) => {
      const all = (name: string) => (compared.rounds[name] ?? []).map((round) => round[figure] ?? Number.NaN);
      const each = all(ours).map((value, index) => value / (all(peer)[index] ?? Number.NaN));
      return [figure, { median: median(each), worst: Math.max(...each) }];
    }),
  );
const result = {
  load: { atOnce, everyMs, waves, ratePerSecond, seconds, rounds: roundCount },
  costMs,
  medians: compared.medians,
  ratios: {
    ownToOutside: ratios('own', 'outside'),
    otherToOutside: ratios('other', 'outside'),
    ownToAlone: ratios('own', 'alone'),
    otherToAlone: ratios('other', 'alone'),
    outsideToAlone: ratios('outside', 'alone'),
  },
  correctness: { ofTurns: wrongTurns, ofFlood: wrong, refused },
};
const file = writeResult('web-flood', { ...result, rounds: compared.rounds });
console.log(JSON.stringify({ ...result, file }, null, 2));
for (const program of [flooder, outside, ingress, proc]) await program.stop();
await services.close();
await servers.stop();
await rm(bundlesDir, { recursive: true });
process.exit(0);
