import { readFile, readdir } from 'node:fs/promises';
import { isProcessAlive } from '@switchyard/kernel';

const PREFIX = 'switchyard-run:';

/** An argument of every process of a run that is ours: bubblewrap's two, and the first one inside. */
export function runMark(ownerPid: number, id: string): string {
  return `${PREFIX}${ownerPid}:${id}`;
}

/**
 * Ends the processes of runs by their marks, wherever they hang in the tree: bubblewrap's second process that lost its first one before
 * it was told to end with it waits for ever. With the first one inside, the kernel ends all of a sandbox.
 */
export async function killMarked(isMeant: (mark: string) => boolean): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const mark = line.split('\0').find((word) => word.startsWith(PREFIX));
      if (mark !== undefined && isMeant(mark)) kill(Number(pid));
    }),
  );
}

/** Runs whose service is no more: it was killed in the moment in which a sandbox was made. */
export async function killAbandoned(): Promise<void> {
  await killMarked((mark) => !isProcessAlive(Number(mark.slice(PREFIX.length).split(':')[0])));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone, or somebody else's.
  }
}
