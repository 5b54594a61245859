import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PREFIX = 'switchyard-chaos-';

/** A folder's name says whose it is. */
export const folderPrefix = (pid: number): string => join(tmpdir(), `${PREFIX}${pid}-`);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A run that was killed hard leaves its folder, and in it what it had mounted. */
export const clearFormerRuns = async (): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(tmpdir(), name);
    for (const disk of ['redis', 'postgres'])
      await promisify(execFile)('umount', ['-l', join(folder, disk)]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
};
