/**
 * Figure 9: from code that nobody has loaded to a process that takes work, out of the pool of warm hosts and without it, beside a plain
 * `fork` with the same imports and beside a sandboxed processor of BullMQ. Then what a switch takes that an admin asks for, and one that a
 * saved file causes; and twenty switches under two hundred live turns, with what was dropped, mixed or answered by an older version.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFork, openRunner, openSandboxedProcessor } from './cold-load/cold-starts.ts';
import type { ColdStart } from './cold-load/cold-starts.ts';
import { startLiveTurns } from './cold-load/live-turns.ts';
import { openSwitchedBundle } from './cold-load/switched-bundle.ts';
import type { SwitchedBundle } from './cold-load/switched-bundle.ts';
import { createLatencies } from './src/latencies.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';
import { startServers } from './src/servers.ts';
import { openServices } from './src/service-processes.ts';

const sampleCount = Number(process.env['SAMPLES'] ?? 20);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const live = Number(process.env['LIVE'] ?? 200);
const switches = 20;
const userCount = 50;
const shape = { words: 6, wordMs: 500 };

async function timesOf(count: number, once: (at: number) => Promise<number>) {
  const latencies = createLatencies();
  for (let at = 0; at < count; at += 1) latencies.record(await once(at));
  const { p50, p99, max } = latencies.percentiles();
  return { p50, p99, max };
}

/** From a saved file until the new code has answered. Asked again and again, so the answer's own way is in it once. */
async function saveAndSee(bundle: SwitchedBundle, label: string): Promise<number> {
  await bundle.save(label);
  const savedAt = performance.now();
  while ((await bundle.label()) !== label) await sleep(2);
  return performance.now() - savedAt;
}

const servers = await startServers();
const dir = await mkdtemp(path.join(os.tmpdir(), 'switchyard-cold-load-'));

const starts: ColdStart[] = [
  await openRunner('from the pool', 1),
  await openRunner('without the pool', 0),
  await openFork(),
  await openSandboxedProcessor(servers.redisUrl),
];
const contestants: Contestant[] = starts.map(({ name, once }) => ({
  name,
  round: () => timesOf(sampleCount, once),
}));
const compared = await runRounds(contestants, roundCount);
for (const start of starts) await start.close();

const services = await openServices(servers, { project: 'cold-load', bundlesDir: path.join(dir, 'none') });
const tokens = await services.issueTokens(userCount);
const token = tokens[0] ?? '';
const env = {
  BUNDLE_SOURCES: '*',
  SLOTS: '256',
  RATE_PRIVILEGED: '10000000/1m',
  RATE_ADDRESS: '10000000/1m',
};
const proc = await services.start('chat-proc', { env: { ...env, NODE_ENV: 'development' } });
const bundle = await openSwitchedBundle({ services, proc, token, dir }, shape);
await bundle.switchTo('first');
const switchMs = await timesOf(sampleCount, async (at) => {
  const ms = await bundle.switchTo(`s${at}`);
  // The next warm host comes up.
  await sleep(500);
  return ms;
});
await bundle.watch('watched');
const watchMs: Record<string, unknown> = {};
for (const [name, pauseMs] of [
  ['apart', 1500],
  ['backToBack', 0],
] as const)
  watchMs[name] = await timesOf(sampleCount, async (at) => {
    await sleep(pauseMs);
    return saveAndSee(bundle, `${name}-${at}`);
  });

const ingress = await services.start('chat-ingress', { env });
const served = { history: ['v0'], acknowledged: 0 };
await bundle.switchTo('v0');
const options = { url: ingress.url, tokens, bundleId: bundle.id, words: shape.words, served };
const turns = await startLiveTurns(live, options);
const underLoadMs = await timesOf(switches, async (at) => {
  served.history.push(`v${at + 1}`);
  const ms = await bundle.switchTo(`v${at + 1}`);
  served.acknowledged = served.history.length - 1;
  return ms;
});
const underLoad = await turns.stop();

const ratio = (peer: string) => ({
  p50: compared.ratio(peer, 'p50', 'smaller'),
  p99: compared.ratio(peer, 'p99', 'smaller'),
});
const figures = {
  medians: compared.medians,
  ratios: { fork: ratio('fork + deps'), bullmq: ratio('bullmq sandboxed processor') },
  switchMs,
  watchMs,
  underLoad: { live, switches, ...underLoad, switchMs: underLoadMs },
};
const file = writeResult('cold-load', {
  settings: { sampleCount, roundCount, live, switches, userCount, ...shape },
  goal: { coldP99Ms: 20, switchMs: 50, watchMs: 300, dropped: 0, mixed: 0 },
  ...figures,
  rounds: compared.rounds,
});
console.log(JSON.stringify({ ...figures, file }, null, 2));
await ingress.stop();
await proc.stop();
await services.close();
await servers.stop();
await rm(dir, { recursive: true, force: true });
