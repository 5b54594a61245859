import { PlatformError, failpoint } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import { describeFailure } from '@switchyard/runner';
import type { Runner } from '@switchyard/runner';
import type { Bundles, BundleRow, BundleVersionRow, Sql } from '@switchyard/store';
import type { BundleStore } from './bundle-store.ts';
import { loadServed } from './load-served.ts';
import type { ServedBundle } from './serving-table.ts';
import { copyVersion, readBundleId } from './version-copy.ts';
import type { VersionCopy } from './version-copy.ts';

export interface BundleSource {
  /** Absolute folder. */
  dir: string;
  /** Where it is from: `builtin`, `folder`, a git ref. Part of the version's name. */
  ref: string;
  id?: string;
  /**
   * `always`: this content serves from now on. `ifChanged`: only when it is not what this source gave last, so that a
   * restart does not undo a rollback; and never in the place of a bundle that came from elsewhere.
   */
  activate: 'always' | 'ifChanged';
  /** Register it again whenever something in the folder changes. */
  watch?: boolean;
}

export interface RegisterParts {
  sql: Sql;
  bundles: Bundles;
  runner: Pick<Runner, 'inspect' | 'retire'>;
  scope: TenantProject;
  bundleStore: BundleStore;
  /**
   * Makes what a version needs beside its code (its widgets) before it serves. Rejects with the reason for the author: then the version
   * does not come to serve.
   */
  prepare?: (served: ServedBundle) => Promise<void>;
}

export interface Registration {
  bundleId: string;
  versionId: string;
  /** False: nothing had to change. */
  isNew: boolean;
}

/** One process at a time changes a bundle: registration, rollback and clean-up take this lock. */
export function bundleLock(scope: TenantProject, bundleId: string): string {
  return `switchyard:registry:${scope.tenant}:${scope.project}:${bundleId}`;
}

/**
 * Copies the source, has the runner inspect and warm it, and only then makes it the active version (04). If that fails, the
 * error is stored with the version, the active one stays, and the promise rejects.
 */
export async function registerSource(parts: RegisterParts, source: BundleSource): Promise<Registration> {
  const { sql, bundleStore, scope } = parts;
  const { dir: sourceDir, ref } = source;
  const named = source.id === undefined ? {} : { id: source.id };
  // Only names the lock. The copy is made under it: nothing can be cleaned up meanwhile.
  const bundleId = await readBundleId({ sourceDir, ...named });
  return sql.advisoryLock(bundleLock(scope, bundleId), async () => {
    const copy = await copyVersion({ sourceDir, bundleStore, ref, ...named });
    failpoint('registry.switch.after-copy');
    if (copy.bundleId === bundleId) return activateCopy(parts, copy, source);
    throw PlatformError.of('UNPROCESSABLE', 'The bundle changed its id while it was registered.');
  });
}

async function activateCopy(
  parts: RegisterParts,
  copy: VersionCopy,
  source: BundleSource,
): Promise<Registration> {
  const { bundles } = parts;
  const { bundleId, versionId, ref, sha, entry } = copy;
  const known = await bundles.findVersion(versionId);
  refuseCollision(known, copy);
  const row = await bundles.find(bundleId);
  if (
    row?.active_version === versionId ||
    (source.activate === 'ifChanged' && isLeftAlone(row, known, copy))
  ) {
    if (source.activate === 'always') await bundles.putSource(bundleId, sourceOf(source, copy));
    return { bundleId, versionId, isNew: false };
  }
  await bundles.add({ bundleId, versionId, ref, sha, entry, source: sourceOf(source, copy) });
  failpoint('registry.switch.after-row');
  let served: ServedBundle;
  try {
    served = await loadServed(parts.runner, parts.bundleStore, {
      bundle_id: bundleId,
      version_id: versionId,
      entry,
    });
    await parts.prepare?.(served);
  } catch (error) {
    parts.runner.retire(versionId);
    await bundles.markFailed(versionId, describeFailure(error));
    throw error;
  }
  await bundles.markReady(versionId, served.manifest);
  failpoint('registry.switch.after-ready');
  if (!(await bundles.activate(bundleId, versionId))) {
    throw PlatformError.of('INTERNAL', `version ${versionId} is ready but could not be activated`);
  }
  failpoint('registry.switch.after-active');
  return { bundleId, versionId, isNew: true };
}

/** What the row says of where the bundle came from last. */
function sourceOf({ dir, watch = false }: BundleSource, { ref, sha }: VersionCopy): Record<string, unknown> {
  return { kind: ref, dir, sha, ...(watch ? { watch } : {}) };
}

/** A version's name carries a part of its hash. Two contents with the same part are not the same version. */
function refuseCollision(known: BundleVersionRow | undefined, copy: VersionCopy): void {
  if (known === undefined || known.sha === copy.sha) return;
  throw PlatformError.of(
    'UNPROCESSABLE',
    'Another content has the same version name; change a byte and try again.',
  );
}

/** A version that never came to serve is tried again: what kept it from that may be over. */
function isLeftAlone(
  row: BundleRow | undefined,
  known: BundleVersionRow | undefined,
  copy: VersionCopy,
): boolean {
  if (row === undefined || row.active_version === null) return false;
  if (row.source['kind'] !== copy.ref) return true;
  return row.source['sha'] === copy.sha && known !== undefined && known.activated_at !== null;
}
