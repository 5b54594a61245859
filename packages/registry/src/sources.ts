import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import { unpackArchive } from './archive/unpack-archive.ts';
import type { BundleStore } from './bundle-store.ts';
import { readPackageHints } from './entry-file.ts';
import { fetchGit } from './fetch-git.ts';
import type { GitLimits, GitSource } from './fetch-git.ts';
import type { Registration } from './register-source.ts';
import type { Registry } from './registry.ts';

export interface SourcesParts {
  readonly registry: Pick<Registry, 'register'>;
  /** What is fetched lies beside the versions for a moment, and is swept with what was never finished. */
  readonly bundleStore: Pick<BundleStore, 'withPlace'>;
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

export function createSources({ registry, bundleStore, git }: SourcesParts): Sources {
  return {
    upload: (archive, { id }) =>
      bundleStore.withPlace(async (dir) => {
        await unpackArchive(archive, dir);
        return registry.register({ dir, ref: 'upload', activate: 'always', id: id ?? (await idOf(dir)) });
      }),
    git: (source, { id }) =>
      bundleStore.withPlace(async (dir) => {
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
