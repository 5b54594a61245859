import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import { unpackArchive } from './archive/unpack-archive.ts';
import { readPackageHints } from './entry-file.ts';
import { fetchGit } from './fetch-git.ts';
import type { GitLimits, GitSource } from './fetch-git.ts';
import type { Registration } from './register-source.ts';
import type { Registry } from './registry.ts';

export interface SourcesParts {
  readonly registry: Pick<Registry, 'register'>;
  /** The bundle store: what is fetched lies beside the versions for a moment, and is swept with what was never finished. */
  readonly storeDir: string;
  readonly ids: Pick<Ids, 'token'>;
  readonly git: GitLimits;
}

/** Sources of bundles that must be brought here before they can be registered (04). */
export interface Sources {
  /**
   * A zip, tar or tar.gz. Rejects as `Registry.register` does, and UNPROCESSABLE for an archive that is refused.
   *
   * @param archive absolute path of the file
   */
  upload(archive: string, options: { id?: string | undefined }): Promise<Registration>;
  /** A commit of a repository. Rejects as `Registry.register` does, UNPROCESSABLE for one that cannot be had, UNAVAILABLE without git. */
  git(source: GitSource, options: { id?: string | undefined }): Promise<Registration>;
}

/** Branches may have slashes, a version's name may not. */
const refOf = (ref: string): string => ref.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64);

export function createSources({ registry, storeDir, ids, git }: SourcesParts): Sources {
  /** Runs with a folder of its own that does not exist yet, and removes it. */
  const withFolder = async <T>(run: (dir: string) => Promise<T>): Promise<T> => {
    const dir = path.join(storeDir, `.tmp-source-${ids.token(9)}`);
    await mkdir(storeDir, { recursive: true });
    try {
      return await run(dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  };
  return {
    upload: (archive, { id }) =>
      withFolder(async (dir) => {
        await unpackArchive(archive, dir);
        return registry.register({ dir, ref: 'upload', activate: 'always', id: id ?? (await idOf(dir)) });
      }),
    git: (source, { id }) =>
      withFolder(async (dir) => {
        const folder = await fetchGit(source, dir, git);
        const ref = `git-${refOf(source.ref)}`;
        return registry.register({ dir: folder, ref, activate: 'always', id: id ?? (await idOf(folder)) });
      }),
  };
}

/** The folder's name, which says it elsewhere, is ours here. */
async function idOf(dir: string): Promise<string> {
  const text = await readFile(path.join(dir, 'package.json'), 'utf8').catch(() => undefined);
  const { id } = readPackageHints(text);
  if (id !== undefined) return id;
  throw PlatformError.of(
    'UNPROCESSABLE',
    'Say the bundle’s id: in the request, or as `switchyard.id` in its package.json.',
    {
      details: { field: 'id' },
    },
  );
}
