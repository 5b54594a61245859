import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isProcessAlive } from '@switchyard/kernel';

const PREFIX = 'switchyard-test-';
const MEMORY_DISK = '/dev/shm';
/** A run's stores stay under half a gigabyte; containers often have 64 MiB of it. */
const ROOM_BYTES = 4 * 1024 ** 3;

/** Postgres' binaries may be copied there, and containers may forbid to run what lies in it. */
const canRunPrograms = async (dir: string): Promise<boolean> => {
  const program = join(dir, 'tried');
  await writeFile(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  try {
    await promisify(execFile)(program);
    return true;
  } catch {
    return false;
  } finally {
    await rm(program, { force: true });
  }
};

const makeInMemory = async (): Promise<string | undefined> => {
  try {
    const { bavail, bsize } = await statfs(MEMORY_DISK);
    if (bavail * bsize < ROOM_BYTES || process.availableMemory() < ROOM_BYTES) return undefined;
    await clearFormerRuns();
    const dir = await mkdtemp(join(MEMORY_DISK, `${PREFIX}${process.pid}-`));
    if (await canRunPrograms(dir)) return dir;
    await rm(dir, { recursive: true, force: true });
    return undefined;
  } catch {
    return undefined; // no such disk here
  }
};

/** A run that was killed hard leaves its folder, here in memory. */
const clearFormerRuns = async (): Promise<void> => {
  for (const name of await readdir(MEMORY_DISK)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isProcessAlive(Number(pid))) continue;
    await rm(join(MEMORY_DISK, name), { recursive: true, force: true });
  }
};

/**
 * The folder of a run's stores: in memory where the machine has room for it, else among the temporary files. A test's database is some
 * 300 files, and a disk that has just lost as many looks long for places for them: 340 ms a database on ext4, 27 ms in memory.
 */
export const makeRunFolder = async (): Promise<string> => {
  const dir = (await makeInMemory()) ?? (await mkdtemp(join(tmpdir(), PREFIX)));
  await chmod(dir, 0o755); // Postgres' own account passes through here
  return dir;
};
