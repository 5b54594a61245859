import type { Bundles, BundleVersionRow } from '@switchyard/store';
import type { BundleStore } from './bundle-store.ts';

const LISTED = 500;

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
  parts: { bundles: Bundles; bundleStore: Pick<BundleStore, 'remove'> },
  bundleId: string,
  options: { inUse: ReadonlySet<string>; keep: number; keepRecords: number },
): Promise<string[]> {
  const row = await parts.bundles.find(bundleId);
  const versions = await parts.bundles.listVersions(bundleId, LISTED);
  const removals = decideRemovals(versions, { active: row?.active_version ?? null, ...options });
  for (const versionId of removals) {
    // The row first: a version that is in the registry is whole in the store.
    await parts.bundles.markRemoved(versionId);
    await parts.bundleStore.remove(versionId);
  }
  await parts.bundles.forgetRemoved(bundleId, options.keepRecords);
  return removals;
}
