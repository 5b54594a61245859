import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './exit-codes.ts';

/** Whether a path of the folder, with `/`, belongs to what is sent. */
export type IsPart = (relative: string) => boolean;

/** The absolute folder. Throws UsageError when there is none. */
export async function requireFolder(cwd: string, named: string): Promise<string> {
  const folder = path.resolve(cwd, named);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new UsageError(`There is no folder ${folder}.`);
  return folder;
}

/** Files below a folder, sorted, relative with `/`. Throws UsageError for links, for too many, and for none. */
export async function listFolderFiles(
  folder: string,
  { isPart, maxFiles }: { isPart: IsPart; maxFiles: number },
): Promise<string[]> {
  const files: string[] = [];
  const visit = async (below: string): Promise<void> => {
    for (const entry of await readdir(path.join(folder, below), { withFileTypes: true })) {
      const relative = below === '' ? entry.name : `${below}/${entry.name}`;
      // A rule for folders only (`data/`) is matched by a name with a slash at its end.
      if (!isPart(entry.isDirectory() ? `${relative}/` : relative)) continue;
      if (entry.isDirectory()) await visit(relative);
      else if (entry.isFile()) files.push(relative);
      else throw new UsageError(`${relative} is a link; only files and folders can be sent.`);
      if (files.length > maxFiles)
        throw new UsageError(
          `More than ${maxFiles} files; name what does not belong there in .switchyardignore.`,
        );
    }
  };
  await visit('');
  if (files.length === 0) throw new UsageError(`There is no file in ${folder}.`);
  return files.toSorted();
}
