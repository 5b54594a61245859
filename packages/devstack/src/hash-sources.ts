import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const LEFT_OUT = new Set(['dist', 'node_modules', '.turbo']);

const listFiles = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true });
  const nested = entries
    .filter((entry) => !LEFT_OUT.has(entry.name))
    .map(async (entry) =>
      entry.isDirectory() ? listFiles(join(path, entry.name)) : [join(path, entry.name)],
    );
  return (await Promise.all(nested)).flat();
};

/** Over names and bytes of files and folders below `root`, without what was built or installed. */
export const hashSources = async (root: string, sources: readonly string[]): Promise<string> => {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    const files = (await stat(path)).isFile() ? [path] : await listFiles(path);
    for (const file of files.toSorted()) hash.update(file.slice(root.length)).update(await readFile(file));
  }
  return hash.digest('hex');
};
