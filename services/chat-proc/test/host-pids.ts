import { readFile, readdir } from 'node:fs/promises';

/**
 * Processes of this machine whose command line names all of these, oldest first. Of a predictor in Python the first is its sandbox: with it
 * everything in it ends.
 */
export async function pidsOf(...words: readonly string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  const lines = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
  );
  return lines
    .filter(([, line]) => words.every((word) => line.includes(word)))
    .map(([pid]) => pid)
    .toSorted((one, other) => one - other);
}
