import { chmod, copyFile, lstat, mkdir, realpath, rename, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hashHex } from '@switchyard/kernel';

const OTHERS_PASS = 0o001;
const OTHERS_RUN = 0o005;
const OTHERS_WRITE = 0o022;

/**
 * The path of a program that every user can run: its own, or that of a copy where it lies below a folder which is closed to others, as a
 * root's home. The copy stays for the next start. Rejects where somebody else made the folder for it.
 */
export async function reachableBinary(path: string): Promise<string> {
  const real = await realpath(path);
  const { size, mtimeMs, mode } = await stat(real);
  if ((mode & OTHERS_RUN) === OTHERS_RUN && (await isOpenPath(real))) return real;
  const dir = join(
    tmpdir(),
    `switchyard-${basename(real)}-${hashHex(`${real} ${size} ${mtimeMs}`).slice(0, 12)}`,
  );
  await mkdir(dir, { mode: 0o755 }).catch(() => undefined);
  const folder = await lstat(dir);
  if (!folder.isDirectory() || folder.uid !== process.getuid?.() || (folder.mode & OTHERS_WRITE) !== 0)
    throw new Error(`${dir} is not this service's own`);
  const copy = join(dir, basename(real));
  if ((await stat(copy).catch(() => undefined))?.size === size) return copy;
  // Renamed when it is whole: another start may find it.
  const partial = `${copy}.${process.pid}`;
  await copyFile(real, partial);
  await chmod(partial, 0o755);
  await rename(partial, copy);
  return copy;
}

async function isOpenPath(path: string): Promise<boolean> {
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir))
    if (((await stat(dir)).mode & OTHERS_PASS) === 0) return false;
  return true;
}
