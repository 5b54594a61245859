import { constants } from 'node:fs';
import { open, rmdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Removes a file below `root`, and the folders that are empty then. Each step of the way is opened by itself and none may be a link: who
 * may write there must not have a file removed elsewhere. Never rejects; what is gone or in the way stays as it is.
 */
export async function removeInside(root: string, file: string): Promise<void> {
  const steps = path.relative(root, file).split(path.sep);
  const name = steps.pop() ?? '';
  if (name === '' || name === '..' || steps.includes('..')) return;
  const folders: FileHandle[] = [];
  try {
    folders.push(await open(root, FOLDER));
    for (const step of steps) folders.push(await open(below(folders.at(-1), step), FOLDER));
    await unlink(below(folders.at(-1), name));
    for (let at = steps.length - 1; at >= 0; at -= 1) await rmdir(below(folders[at], steps[at] ?? ''));
  } catch {
    // Not empty, or gone: its process ends with its folder some time.
  } finally {
    await Promise.all(folders.map((folder) => folder.close()));
  }
}

function below(folder: FileHandle | undefined, name: string): string {
  return `/proc/self/fd/${folder?.fd ?? -1}/${name}`;
}
