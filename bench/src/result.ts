import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
};

/** `{median, worst}` of ratios where smaller is better. */
export const ratioOf = (ours: readonly number[], peer: readonly number[]) => {
  const ratios = ours.map((value, index) => value / (peer[index] ?? Number.NaN));
  return { median: median(ratios), worst: Math.max(...ratios), each: ratios };
};

const git = (...args: string[]) => {
  try {
    return execFileSync('git', args, { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
};

/** Writes `bench/results/<name>.json`: date, machine class, commit, versions, load average, and what was measured. */
export function writeResult(name: string, measured: Record<string, unknown>): string {
  const file = path.join(import.meta.dirname, '..', 'results', `${name}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const cpu = os.cpus();
  const result = {
    name,
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short', 'HEAD'),
    machine: {
      cores: cpu.length,
      memoryGiB: Math.round(os.totalmem() / 1024 ** 3),
      platform: `${os.platform()} ${os.arch()}`,
    },
    node: process.version,
    loadAverageAtEnd: os.loadavg().map((load) => Math.round(load * 100) / 100),
    ...measured,
  };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
