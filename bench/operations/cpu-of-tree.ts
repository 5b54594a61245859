import { execFileSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';

export interface TreeCpu {
  readonly own: number;
  /** Of all processes that it started and that live. */
  readonly children: number;
}

const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** User and system time in milliseconds, from the kernel's own count: the processes are not asked, so a sandboxed host counts as well. */
export async function cpuMsOfTree(rootPid: number): Promise<TreeCpu> {
  const all = (await Promise.all((await readdir('/proc')).filter(isPid).map(readStat))).filter(
    (stat) => stat !== undefined,
  );
  const own = all.find(({ pid }) => pid === rootPid)?.cpuMs ?? 0;
  let children = 0;
  let level = [rootPid];
  while (level.length > 0) {
    const parents = new Set(level);
    const found = all.filter(({ parent }) => parents.has(parent));
    children += found.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    level = found.map(({ pid }) => pid);
  }
  return { own, children };
}

const isPid = (name: string): boolean => /^\d+$/.test(name);

/** Undefined: it ended meanwhile. */
async function readStat(pid: string) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name, in brackets, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  return { pid: Number(pid), parent: parent ?? 0, cpuMs: ((user ?? 0) + (system ?? 0)) * TICK_MS };
}
