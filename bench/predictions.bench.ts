/**
 * What a trivial sync prediction costs, one at a time, POST to the end of the answer: in TypeScript beside one plain express route, in
 * Python beside a plain http.server, all in processes of their own. And 100 at once through a predictor that only waits.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLatencies } from './src/latencies.ts';
import { postJson } from './src/post-json.ts';
import { startProgram } from './src/probed-process.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import type { Contestant } from './src/rounds.ts';

const callCount = Number(process.env['CALLS'] ?? 1000);
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const dir = path.join(import.meta.dirname, 'predictions');
const cli = path.join(import.meta.dirname, '../packages/cli/src/main.ts');
let wrong = 0;

interface Side {
  readonly name: string;
  readonly url: string;
  readonly pids: () => number[];
  readonly isRight: (body: string) => boolean;
}

const children: ChildProcess[] = [];

/** The first line of output names the port. */
async function start(command: string, words: readonly string[]): Promise<{ port: number; pid: number }> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(/(\d+)\s*$/u.exec(line.toString().trim())?.[1]), pid: child.pid ?? 0 };
}

async function startPredictor(kind: string): Promise<{ url: string; pid: number; coldMs: number }> {
  const startedAt = performance.now();
  const words = [cli, 'predict', 'serve', path.join(dir, kind), '--port', '0', '--max-concurrency', '128'];
  const { port, pid } = await start(process.execPath, words);
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const health = (await (await fetch(`${url}/health-check`)).json()) as { status: string };
    if (health.status === 'READY') return { url, pid, coldMs: performance.now() - startedAt };
    await sleep(5);
  }
}

/** Milliseconds of processor that a process and those below it have had. Linux counts in hundredths of a second. */
function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const fields = rest.split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}

function below(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const children = text === '' ? [] : text.split(' ').map(Number);
  return [pid, ...children.flatMap(below)];
}

async function measure({ url, pids, isRight }: Side): Promise<Record<string, number>> {
  const latencies = createLatencies();
  const before = cpuMs(pids());
  const startedAt = performance.now();
  for (let call = 0; call < callCount; call += 1) {
    const sentAt = performance.now();
    const { status, body } = await postJson(url, {}, { input: { a: 1, b: 2 } });
    latencies.record(performance.now() - sentAt);
    if (status !== 200 || !isRight(body)) wrong += 1;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { p50, p99 } = latencies.percentiles();
  return {
    p50,
    p99,
    callsPerSecond: callCount / seconds,
    cpuMsPerCall: (cpuMs(pids()) - before) / callCount,
  };
}

const ts = await startPredictor('ts');
const py = await startPredictor('py');
const waiting = await startPredictor('waiting');
const express = await startProgram({ file: path.join(dir, 'peer-program.ts'), env: {} });
const plain = await start('python3', ['-u', path.join(dir, 'peer.py')]);
const isPrediction = (body: string) => (JSON.parse(body) as { output?: unknown }).output === 3;
const isSum = (body: string) => (JSON.parse(body) as { sum?: unknown }).sum === 3;
const sides: Side[] = [
  { name: 'typescript', url: `${ts.url}/predictions`, pids: () => below(ts.pid), isRight: isPrediction },
  {
    name: 'express',
    url: `http://127.0.0.1:${(express.hello as { port: number }).port}/add`,
    pids: () => [express.pid],
    isRight: isSum,
  },
  { name: 'python', url: `${py.url}/predictions`, pids: () => below(py.pid), isRight: isPrediction },
  { name: 'http.server', url: `http://127.0.0.1:${plain.port}/add`, pids: () => [plain.pid], isRight: isSum },
];
const contestants: Contestant[] = sides.map((side) => ({ name: side.name, round: () => measure(side) }));
const { medians, rounds } = await runRounds(contestants, roundCount);

// 100 at once, each waiting 100 ms: what is above that is ours.
const sentAt = performance.now();
const answers = await Promise.all(
  Array.from({ length: 100 }, () => postJson(`${waiting.url}/predictions`, {}, { input: { ms: 100 } })),
);
const hundredMs = performance.now() - sentAt;
wrong += answers.filter(({ status }) => status !== 200).length;
const overheadMs = {
  typescript: (medians['typescript']?.['p50'] ?? 0) - (medians['express']?.['p50'] ?? 0),
  python: (medians['python']?.['p50'] ?? 0) - (medians['http.server']?.['p50'] ?? 0),
};
const file = writeResult('predictions', {
  settings: { callCount, roundCount },
  medians,
  overheadMs,
  goal: { typescript: 2, python: 5 },
  coldMs: { typescript: ts.coldMs, python: py.coldMs },
  hundredMs,
  wrong,
  rounds,
});
console.log(
  JSON.stringify({ medians, overheadMs, coldMs: [ts.coldMs, py.coldMs], hundredMs, wrong, file }, null, 2),
);
await express.stop();
for (const child of children) child.kill('SIGTERM');
for (const child of children)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
