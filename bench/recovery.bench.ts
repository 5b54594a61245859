/**
 * Figure 10: kill -9 of the worker that runs a turn, of its bundle's host, of the ingress that has the stream, and of Redis, which is
 * started again: how long until the client hears of its turn again, with leases as shipped and with leases of a second. Peer: BullMQ,
 * whose other worker takes the job over, with its defaults and with a second. KILLS each; all kills of BullMQ's run side by side and
 * beside ours, on a Redis of their own, since they mostly wait.
 */
import { createLatencies } from './src/latencies.ts';
import { writeResult } from './src/result.ts';
import { startServers } from './src/servers.ts';
import { runBullTrials } from './recovery/bullmq-trials.ts';
import type { BullTrial } from './recovery/bullmq-trials.ts';
import { openRecoveryStack } from './recovery/stack.ts';
import { TRIALS } from './recovery/trials.ts';
import type { Trial } from './recovery/trials.ts';

const kills = Number(process.env['KILLS'] ?? 10);
/** Hosts last: ten of them killed in a row open the breaker of their bundle, as they should. */
const kinds = (process.env['KINDS'] ?? 'worker,ingress,redis,host').split(',') as (keyof typeof TRIALS)[];
const hasPeer = process.env['PEER'] !== '0';
const TUNED = { LEASE: '1s', LEASE_RENEW: '300ms', REAP_EVERY: '1s' };

const percentilesOf = (each: readonly number[]) => {
  const latencies = createLatencies();
  for (const ms of each) if (!Number.isNaN(ms)) latencies.record(ms);
  return latencies.percentiles();
};

const summaryOf = (trials: readonly Trial[]) => ({
  ms: percentilesOf(trials.map(({ ms }) => ms)),
  answered: trials.filter(({ outcome }) => outcome === 'answered').length,
  told: trials.filter(({ outcome }) => outcome === 'told').length,
  lost: trials.filter(({ outcome }) => outcome === 'lost').length,
  doubledOrCut: trials.filter(({ isWrong }) => isWrong).length,
  resyncs: trials.reduce((sum, { resyncs }) => sum + resyncs, 0),
});

const peerSummaryOf = (trials: readonly BullTrial[]) => ({
  ms: percentilesOf(trials.map(({ ms }) => ms)),
  lost: trials.filter(({ isLost }) => isLost).length,
  // The killed handler had begun as well: each of these ran twice.
  startedAgain: trials.filter(({ runsAfterKill }) => runsAfterKill > 0).length,
  startedAgainTwice: trials.filter(({ runsAfterKill }) => runsAfterKill > 1).length,
});

const servers = await startServers();
const peerServers = await startServers();
const peers = (isTuned: boolean) =>
  hasPeer ? runBullTrials(peerServers.redisUrl, isTuned, kills) : Promise.resolve([]);

const measured: Record<string, ReturnType<typeof summaryOf>> = {};
async function measure(project: string, env: Record<string, string>, wanted: typeof kinds) {
  const stack = await openRecoveryStack(servers, project, env);
  for (const kind of wanted) {
    const trials: Trial[] = [];
    for (let number = 0; number < kills; number++) {
      const trial = await TRIALS[kind](stack, servers, number);
      trials.push(trial);
      console.log(
        `${project} ${kind} ${number}: ${trial.ms.toFixed(0)} ms, ${trial.outcome}${trial.isWrong ? ', WRONG' : ''}`,
      );
    }
    measured[`${project} ${kind}`] = summaryOf(trials);
  }
  await stack.close();
}

const peerDefaults = peers(false);
await measure('default', {}, kinds);
const bullDefault = await peerDefaults;
const peerTuned = peers(true);
await measure(
  'tuned',
  TUNED,
  kinds.filter((kind) => kind === 'worker'),
);
const bullTuned = await peerTuned;
await servers.stop();
await peerServers.stop();

const file = writeResult('recovery', {
  load: { kills, kinds, tuned: TUNED },
  switchyard: measured,
  ...(hasPeer ? { bullmq: { default: peerSummaryOf(bullDefault), tuned: peerSummaryOf(bullTuned) } } : {}),
  goals: { hostMs: 100, workerP99Ms: 12_000, workerTunedP99Ms: 2500, lost: 0, doubled: 0 },
});
for (const [name, { ms, lost, doubledOrCut }] of Object.entries(measured))
  console.log(
    `${name.padEnd(16)} p50 ${ms.p50} p99 ${ms.p99} ms, lost ${lost}, doubled or cut ${doubledOrCut}`,
  );
for (const [name, trials] of [
  ['bullmq default', bullDefault],
  ['bullmq tuned', bullTuned],
] as const) {
  if (!hasPeer) continue;
  const { ms, lost } = peerSummaryOf(trials);
  console.log(`${name.padEnd(16)} p50 ${ms.p50} p99 ${ms.p99} ms, lost ${lost}`);
}
console.log(`written to ${file}`);
process.exit(0);
