import { PlatformError } from '@switchyard/kernel';
import type { BundleHold } from '@switchyard/registry';
import type { Bundles } from '@switchyard/store';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';

/**
 * The version that serves now, kept until its `release`. Rejects NOT_FOUND where there is no such bundle, BUNDLE_UNAVAILABLE where none
 * of its versions serves here.
 */
export async function holdBundle(
  { invoker, bundles }: { invoker: Pick<BundleInvoker, 'hold'>; bundles: Pick<Bundles, 'find'> },
  bundleId: string | undefined,
): Promise<BundleHold> {
  try {
    return await invoker.hold(bundleId);
  } catch (error) {
    // "There is none" and "it cannot serve now" are told apart by the rows.
    if (bundleId !== undefined && (await bundles.find(bundleId)) === undefined)
      throw PlatformError.of('NOT_FOUND');
    throw error;
  }
}
