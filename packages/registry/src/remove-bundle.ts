import { PlatformError } from '@switchyard/kernel';
import type { Bundles } from '@switchyard/store';

/** `ref` of bundles that come with the platform. */
const BUILT_IN = 'builtin';

/** Takes a bundle out of the rows; the caller holds its lock. False: there is none. Rejects CONFLICT for one that must stay. */
export async function removeBundle(
  bundles: Pick<Bundles, 'find' | 'remove'>,
  bundleId: string,
): Promise<boolean> {
  const row = await bundles.find(bundleId);
  if (row === undefined) return false;
  if (row.is_default)
    throw PlatformError.of('CONFLICT', 'The default bundle cannot be removed; choose another one first.');
  if (row.source['kind'] === BUILT_IN)
    throw PlatformError.of('CONFLICT', 'The bundle comes with the platform: a restart would bring it back.');
  return bundles.remove(bundleId);
}
