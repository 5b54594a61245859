import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import type { BundleVersion, Runner } from '@switchyard/runner';
import type { BundleStore } from './bundle-store.ts';
import type { ServedBundle } from './serving-table.ts';

/** What a row says of a version. */
export interface StoredVersion {
  bundle_id: string;
  version_id: string;
  entry: string;
}

/** Starts and warms the version's host. Rejects when the folder is not here, the code does not load, or it says another id. */
export async function loadServed(
  runner: Pick<Runner, 'inspect'>,
  bundleStore: Pick<BundleStore, 'dir' | 'fetch'>,
  stored: StoredVersion,
): Promise<ServedBundle> {
  const { bundle_id: bundleId, version_id: versionId, entry } = stored;
  if (!(await bundleStore.fetch(versionId))) {
    throw PlatformError.of('BUNDLE_UNAVAILABLE', 'The version is not in the bundle store of this worker.');
  }
  const version: BundleVersion = { bundleId, versionId, dir: path.join(bundleStore.dir, versionId), entry };
  const manifest = await runner.inspect(version);
  if (manifest.id === bundleId) return { version, manifest };
  const reason = `The bundle says that its id is "${manifest.id}", but it was registered as "${bundleId}".`;
  throw PlatformError.of('UNPROCESSABLE', reason);
}
