import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { BundleRow } from '@switchyard/store';

/** Which bundles a message may name, and which one answers when it names none. */
export interface BundleDirectory {
  /**
   * Throws NOT_FOUND for an unknown one, BUNDLE_UNAVAILABLE for one without a serving version or when there is no default, UNPROCESSABLE
   * for one that answers no messages.
   */
  resolve(bundleId: string | undefined): Promise<string>;
}

// A new bundle is seen at once (a miss reads again); a removed one for this long after.
const FRESH_MS = 2000;

type Listed = Pick<BundleRow, 'bundle_id' | 'active_version' | 'is_default'> & {
  readonly version: { readonly manifest: { readonly hasTurns: boolean } | null } | null;
};

export function createBundleDirectory(bundles: { list(): Promise<Listed[]> }, clock: Clock): BundleDirectory {
  type Rows = Awaited<ReturnType<typeof bundles.list>>;
  let cached: { rows: Promise<Rows>; at: number } | undefined;

  function read(): Promise<Rows> {
    const rows = bundles.list();
    cached = { rows, at: clock.monotonic() };
    rows.catch(() => (cached = undefined));
    return rows;
  }
  const fresh = () =>
    cached !== undefined && clock.monotonic() - cached.at < FRESH_MS ? cached.rows : read();
  const findIn = (rows: Rows, bundleId: string | undefined) =>
    rows.find((row) => (bundleId === undefined ? row.is_default : row.bundle_id === bundleId));

  return {
    async resolve(bundleId) {
      const found = findIn(await fresh(), bundleId) ?? findIn(await read(), bundleId);
      if (found === undefined && bundleId !== undefined)
        throw PlatformError.of('NOT_FOUND', 'Not found.', { details: { field: 'bundle_id' } });
      if (found === undefined || found.active_version === null)
        throw PlatformError.of('BUNDLE_UNAVAILABLE', 'No application is ready to answer yet.', {
          retryAfterSec: 5,
        });
      // It has operations, widgets or sites: as a turn it would fail, and say no more than that.
      if (found.version?.manifest?.hasTurns === false)
        throw PlatformError.of('UNPROCESSABLE', 'This application answers no messages.', {
          details: { field: 'bundle_id' },
        });
      return found.bundle_id;
    },
  };
}
