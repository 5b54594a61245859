import { readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Bundles, BundleVersionRow } from '@switchyard/store';

/** A copy that is still temporary after this was left by a process that died. */
const ABANDONED_MS = 60 * 60_000;
const LISTED = 500;
/** What was built from versions (widgets): a folder a version, which goes with it. */
export const BUILT_FOLDER = '.built';

/**
 * Which versions may go, newest first in and out. The newest `keep` that could serve stay for a rollback, and never goes
 * one that is active or in use anywhere.
 */
export function decideRemovals(
  versions: readonly Pick<BundleVersionRow, 'version_id' | 'status'>[],
  options: { active: string | null; inUse: ReadonlySet<string>; keep: number },
): string[] {
  let kept = 0;
  return versions
    .filter((version) => version.status !== 'removed')
    .filter((version) => {
      const isKept = version.status === 'ready' && kept < options.keep;
      if (isKept) kept += 1;
      return !isKept && version.version_id !== options.active && !options.inUse.has(version.version_id);
    })
    .map((version) => version.version_id);
}

/** Removes old versions of one bundle, and the rows of those removed long ago; the caller holds the bundle's registration lock. Returns the removed version ids. */
export async function removeOldVersions(
  parts: { bundles: Bundles; storeDir: string; token: string },
  bundleId: string,
  options: { inUse: ReadonlySet<string>; keep: number; keepRecords: number },
): Promise<string[]> {
  const row = await parts.bundles.find(bundleId);
  const versions = await parts.bundles.listVersions(bundleId, LISTED);
  const removals = decideRemovals(versions, { active: row?.active_version ?? null, ...options });
  for (const versionId of removals) {
    // The row first: a version that is in the registry is whole on disk.
    await parts.bundles.markRemoved(versionId);
    await removeFolder(parts.storeDir, versionId, parts.token);
    await removeFolder(path.join(parts.storeDir, BUILT_FOLDER), versionId, parts.token);
  }
  await parts.bundles.forgetRemoved(bundleId, options.keepRecords);
  return removals;
}

/** Removes copies that were never finished. */
export async function removeAbandoned(storeDir: string, nowMs: number): Promise<void> {
  for (const folder of [storeDir, path.join(storeDir, BUILT_FOLDER)]) await removeAbandonedIn(folder, nowMs);
}

async function removeAbandonedIn(storeDir: string, nowMs: number): Promise<void> {
  for (const name of await readdir(storeDir).catch(() => [])) {
    if (!name.startsWith('.tmp-') && !name.startsWith('.trash-')) continue;
    const file = path.join(storeDir, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > ABANDONED_MS)
      await rm(file, { recursive: true, force: true });
  }
}

/** Renamed before it is emptied, so that nobody finds half a version under its name. */
async function removeFolder(storeDir: string, versionId: string, token: string): Promise<void> {
  const trash = path.join(storeDir, `.trash-${token}-${versionId}`);
  try {
    await rename(path.join(storeDir, versionId), trash);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  await rm(trash, { recursive: true, force: true });
}
