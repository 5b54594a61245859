import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BUILT_FOLDER } from './bundle-store.ts';
import type { BundleStore } from './bundle-store.ts';
import { createUseMarkers } from './use-markers.ts';

/** A copy that is still temporary after this was left by a process that died. */
const ABANDONED_MS = 60 * 60_000;

export interface FileBundleStoreOptions {
  /** Absolute; several machines may mount it. */
  readonly dir: string;
  /** Tells this process from all others. */
  readonly token: string;
}

/** A bundle store that is a folder. All that appears or vanishes in it does so by one rename. */
export function createFileBundleStore({ dir, token }: FileBundleStoreOptions): BundleStore {
  const builtDir = path.join(dir, BUILT_FOLDER);
  const markers = createUseMarkers(dir, token);
  let count = 0;
  const unique = (): string => `${token}-${(count += 1)}`;

  /** Fills a temporary folder beside the place where it is to appear. */
  const appear = async <T>(
    parent: string,
    fill: (temporary: string) => Promise<T>,
    nameOf: (filled: T) => string,
  ): Promise<T> => {
    const temporary = path.join(parent, `.tmp-${unique()}`);
    try {
      await mkdir(temporary, { recursive: true });
      const filled = await fill(temporary);
      await publishFolder(temporary, path.join(parent, nameOf(filled)));
      return filled;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  };
  /** Renamed before it is emptied, so that nobody finds half a version under its name. */
  const vanish = async (parent: string, name: string): Promise<void> => {
    const trash = path.join(parent, `.trash-${unique()}-${name}`);
    try {
      await rename(path.join(parent, name), trash);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
      throw error;
    }
    await rm(trash, { recursive: true, force: true });
  };

  return {
    dir,
    fetch: (versionId) => isFolder(path.join(dir, versionId)),
    publish: (fill) => appear(dir, fill, ({ versionId }) => versionId),
    async publishBuilt(versionId, fill) {
      if (await isFolder(path.join(builtDir, versionId))) return;
      await appear(builtDir, fill, () => versionId);
    },
    async remove(versionId) {
      await vanish(dir, versionId);
      await vanish(builtDir, versionId);
    },
    async withPlace(work) {
      const place = path.join(dir, `.tmp-source-${unique()}`);
      await mkdir(dir, { recursive: true });
      try {
        return await work(place);
      } finally {
        await rm(place, { recursive: true, force: true });
      }
    },
    async sweep(nowMs) {
      for (const folder of [dir, builtDir]) await sweepFolder(folder, nowMs);
    },
    markUses: markers.write,
    readUses: markers.readAll,
    forgetUses: markers.remove,
  };
}

async function isFolder(dir: string): Promise<boolean> {
  return (await stat(dir).catch(() => undefined))?.isDirectory() === true;
}

async function publishFolder(temporary: string, dir: string): Promise<void> {
  try {
    await rename(temporary, dir);
  } catch (error) {
    // Somebody published the same content first, and it is complete, because it too came by one rename.
    const found = await lstat(dir).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
  }
}

async function sweepFolder(dir: string, nowMs: number): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.startsWith('.tmp-') && !name.startsWith('.trash-')) continue;
    const file = path.join(dir, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > ABANDONED_MS)
      await rm(file, { recursive: true, force: true });
  }
}
