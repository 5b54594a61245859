import { copyFile, mkdir, opendir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { SourceBudget, SourceRefused } from './source-budget.ts';
import type { SourceBounds } from './source-budget.ts';

/**
 * Copies a folder into one that does not exist yet. A link inside is followed as long as it leads to a file or folder inside, and its
 * target is copied in its place; one that leads out is refused. Rejects SourceRefused.
 */
export async function copyFolder(from: string, to: string, bounds: SourceBounds): Promise<void> {
  const root = await realpath(from).catch(() => undefined);
  if (root === undefined || !(await stat(root)).isDirectory())
    throw new SourceRefused('there is no such folder');
  await copyInto({ root, budget: new SourceBudget(bounds) }, root, to, []);
}

interface Copying {
  readonly root: string;
  readonly budget: SourceBudget;
}

/** @param above real folders on the way here: a link to one of them would never end */
async function copyInto(copying: Copying, from: string, to: string, above: readonly string[]): Promise<void> {
  const { root, budget } = copying;
  await mkdir(to);
  for await (const { name } of await opendir(from)) {
    const shown = path.relative(root, path.join(from, name));
    const real = await realpath(path.join(from, name)).catch(() => undefined);
    if (real === undefined) throw new SourceRefused(`a link leads nowhere (${shown})`);
    if (!real.startsWith(`${root}${path.sep}`)) throw new SourceRefused(`a link leads out of it (${shown})`);
    const facts = await stat(real);
    if (facts.isDirectory()) {
      if ([...above, from].includes(real))
        throw new SourceRefused(`a link leads to a folder above it (${shown})`);
      budget.entry(shown, 0);
      await copyInto(copying, real, path.join(to, name), [...above, from]);
    } else if (facts.isFile()) {
      budget.entry(shown, facts.size);
      await copyFile(real, path.join(to, name));
    } else throw new SourceRefused(`only plain files and folders can be copied (${shown})`);
  }
}
