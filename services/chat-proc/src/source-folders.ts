import { readFile, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';

/**
 * The bundles of a folder: its direct folders, sorted. Names that begin with a dot and `node_modules` are none, nor is what says in its
 * package.json that it is served alone: predictors, which `switchyard predict` runs.
 */
export async function listBundleFolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map((entry) => path.join(dir, entry.name))
    .toSorted();
  const alone = await Promise.all(folders.map(isServedAlone));
  return folders.filter((_folder, at) => alone[at] !== true);
}

async function isServedAlone(folder: string): Promise<boolean> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const manifest = JSON.parse(text) as { switchyard?: { servedAlone?: unknown } } | null;
    return manifest?.switchyard?.servedAlone === true;
  } catch {
    // Registering tells what is wrong with it.
    return false;
  }
}

/**
 * The real path of a folder that an admin names, if it lies in one of the roots. An admin of the scope is not the owner of the machine:
 * without this, any folder that proc can read could be registered and read back.
 *
 * @param roots absolute folders; `*` allows every folder
 */
export async function requireSourceFolder(dir: string, roots: readonly string[]): Promise<string> {
  if (!path.isAbsolute(dir))
    throw PlatformError.of('UNPROCESSABLE', 'The path of a bundle folder must be absolute.', {
      details: { path: dir },
    });
  const real = await realpath(dir).catch(() => undefined);
  if (real !== undefined && roots.includes('*')) return real;
  for (const root of roots) {
    const realRoot = await realpath(root).catch(() => undefined);
    if (real !== undefined && realRoot !== undefined && isInside(real, realRoot)) return real;
  }
  // The same words for "not there" and "not allowed": the answer must not tell which folders exist.
  throw PlatformError.of(
    'UNPROCESSABLE',
    'There is no folder at this path from which bundles may be registered.',
    { details: { path: dir } },
  );
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
