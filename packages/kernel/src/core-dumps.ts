import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Whether the kernel would write this process' memory to a file when it crashes. Undefined where it cannot be told.
 */
export async function areCoreDumpsPossible(limitsFile = '/proc/self/limits'): Promise<boolean | undefined> {
  const text = await readFile(limitsFile, 'utf8').catch(() => '');
  const limits = /^Max core file size\s+(\S+)\s+(\S+)/m.exec(text);
  return limits === null ? undefined : limits[1] !== '0';
}

/**
 * Takes core dumps from this process for good, soft limit and hard. Node has no call for it; `prlimit` (util-linux) sets the limits of a
 * running process. Answers what came of it, as `areCoreDumpsPossible`.
 */
export async function forbidCoreDumps(pid: number): Promise<boolean | undefined> {
  if ((await areCoreDumpsPossible()) === false) return false;
  await promisify(execFile)('prlimit', ['--pid', String(pid), '--core=0:0'], { timeout: 5_000 }).catch(
    () => undefined,
  );
  return areCoreDumpsPossible();
}
