import type { Clock } from '@switchyard/kernel';
import { describeFailure } from '@switchyard/runner';
import type { Runner } from '@switchyard/runner';
import type { Bundles, BundleRow } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { BundleStore } from './bundle-store.ts';
import { loadServed } from './load-served.ts';
import type { ServingTable } from './serving-table.ts';

export interface FollowParts {
  bundles: Bundles;
  runner: Pick<Runner, 'inspect' | 'retire'>;
  table: ServingTable;
  bundleStore: BundleStore;
  clock: Clock;
  log: Log;
  /**
   * Settings of bundles, with which hosts start. Called before the versions of a reading are taken over, and again when one was: another
   * version may take others of them.
   */
  applySettings?: () => Promise<void>;
  /** Called with the rows of every reading. */
  onRows?: (rows: readonly BundleRow[]) => void;
}

/** Brings this process to what the rows say. */
export interface RowFollower {
  /** One reading at a time; whoever asks during one waits for the next, so that what was written before the call is seen. */
  refresh(): Promise<void>;
  /** Monotonic milliseconds of the last reading that succeeded; undefined before the first. */
  lastReadAt(): number | undefined;
  defaultBundleId(): string | undefined;
}

export function createRowFollower(parts: FollowParts): RowFollower {
  const { bundles, table, clock, log } = parts;
  let running: Promise<void> | undefined;
  let following: Promise<void> | undefined;
  let readAt: number | undefined;
  let defaultId: string | undefined;

  /** True: another version serves from now on. */
  const follow = async (row: BundleRow): Promise<boolean> => {
    const stored = row.version;
    if (stored === null || stored.status !== 'ready') return false;
    if (table.get(row.bundle_id)?.version.versionId === stored.version_id) return false;
    try {
      const served = await loadServed(parts.runner, parts.bundleStore, stored);
      table.serve(row.bundle_id, served);
      log.info('bundle version serves', { bundle_id: row.bundle_id, version_id: stored.version_id });
      return true;
    } catch (error) {
      // It loaded where it was registered but not here. The former version goes on, the next reading tries again.
      parts.runner.retire(stored.version_id);
      table.fail(row.bundle_id, { versionId: stored.version_id, error: describeFailure(error) });
      log.warn('bundle version could not be loaded', {
        bundle_id: row.bundle_id,
        version_id: stored.version_id,
        error,
      });
      return false;
    }
  };

  const read = async (): Promise<void> => {
    const rows = await bundles.list();
    defaultId = rows.find((row) => row.is_default)?.bundle_id;
    const known = new Set(rows.map((row) => row.bundle_id));
    for (const bundleId of table.bundleIds()) if (!known.has(bundleId)) table.drop(bundleId);
    await parts.applySettings?.();
    const switched = await Promise.all(rows.map(follow));
    if (switched.includes(true)) await parts.applySettings?.();
    parts.onRows?.(rows);
    readAt = clock.monotonic();
  };

  const start = (): Promise<void> => {
    running = read().finally(() => (running = undefined));
    return running;
  };

  return {
    refresh() {
      if (running === undefined) return start();
      following ??= running
        .catch(() => undefined)
        .then(() => {
          following = undefined;
          return start();
        });
      return following;
    },
    lastReadAt: () => readAt,
    defaultBundleId: () => defaultId,
  };
}
