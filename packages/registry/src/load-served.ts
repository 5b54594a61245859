import { stat } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import type { BundleVersion, Runner } from '@switchyard/runner';
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
  storeDir: string,
  stored: StoredVersion,
): Promise<ServedBundle> {
  const { bundle_id: bundleId, version_id: versionId, entry } = stored;
  const dir = path.join(storeDir, versionId);
  const found = await stat(dir).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw PlatformError.of('BUNDLE_UNAVAILABLE', 'The version is not in the bundle store of this worker.');
  }
  const version: BundleVersion = { bundleId, versionId, dir, entry };
  const manifest = await runner.inspect(version);
  if (manifest.id === bundleId) return { version, manifest };
  const reason = `The bundle says that its id is "${manifest.id}", but it was registered as "${bundleId}".`;
  throw PlatformError.of('UNPROCESSABLE', reason);
}
