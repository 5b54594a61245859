import { PlatformError } from '@switchyard/kernel';
import { describeFailure } from '@switchyard/runner';
import { loadServed } from './load-served.ts';
import type { RegisterParts } from './register-source.ts';

/**
 * Makes a version that served before, or could have, the active one: inspected and warmed as a new one is (04). The caller holds the
 * bundle's lock. False: it is active already. Rejects NOT_FOUND for an unknown one, UNPROCESSABLE for one that is removed or does not load;
 * the active one goes on then.
 */
export async function rollBack(parts: RegisterParts, bundleId: string, versionId: string): Promise<boolean> {
  const { bundles, runner, bundleStore } = parts;
  const [row, version] = await Promise.all([bundles.find(bundleId), bundles.findVersion(versionId)]);
  if (row === undefined || version === undefined || version.bundle_id !== bundleId)
    throw PlatformError.of('NOT_FOUND');
  if (row.active_version === versionId) return false;
  if (version.status !== 'ready')
    throw PlatformError.of(
      'UNPROCESSABLE',
      `The version is ${version.status}, only one that is ready can serve.`,
    );
  try {
    await loadServed(runner, bundleStore, version);
  } catch (error) {
    runner.retire(versionId);
    throw PlatformError.of('UNPROCESSABLE', `The version does not load: ${describeFailure(error)}`, {
      cause: error,
    });
  }
  if (!(await bundles.activate(bundleId, versionId)))
    throw PlatformError.of('CONFLICT', 'The version went away.');
  return true;
}
