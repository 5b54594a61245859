import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');

/** A worker as it is shipped: its program in a process of its own. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** All that it wrote so far. */
  readonly said: () => string;
  readonly exited: Promise<number | string | null>;
}

export function launchWorker(env: Record<string, string>, execArgv: readonly string[] = []): WorkerProcess {
  const child = fork(MAIN, [], { env, execArgv: [...execArgv], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  return { child, said: () => said, exited };
}

/** Process ids below a process, at any depth. */
export async function descendants(pid: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/u.test(name) ? await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '') : '';
    const parent = /^\d+ \(.*\) \S (\d+)/su.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (one: number | undefined): boolean =>
    one !== undefined && (parents.get(one) === pid || isBelow(parents.get(one)));
  return [...parents.keys()].filter(isBelow);
}
