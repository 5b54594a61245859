import { PlatformError, failpoint, sleep, withTimeout } from '@switchyard/kernel';
import type { Clock, Deadline, HealthReport, Service } from '@switchyard/kernel';
import type { BundleManifest } from '@switchyard/protocol';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import type { BundleRow } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { removeOldVersions } from './clean-up.ts';
import { createRowFollower } from './follow-rows.ts';
import type { RowFollower } from './follow-rows.ts';
import { removeBundle } from './remove-bundle.ts';
import { rollBack } from './roll-back.ts';
import { bundleLock, registerSource } from './register-source.ts';
import type { BundleSource, RegisterParts, Registration } from './register-source.ts';
import { ServingTable } from './serving-table.ts';
import type { BundleHold, LoadFailure, ServedBundle } from './serving-table.ts';
import { WatchedFolders } from './watched-folders.ts';
import type { WatchedFolder } from './watched-folders.ts';

export interface RegistryParts extends RegisterParts {
  redis: RedisConnection;
  subscriber: Subscriber;
  keys: Keys;
  clock: Clock;
  log: Log;
  /** How often the rows are read again, so that a lost publication heals. Default 30 s. */
  refreshMs?: number;
  /** Whether folders whose rows say `watch` are watched by this process. For development. */
  watchesFolders?: boolean;
  /**
   * Called before each reading of the rows takes effect, and after it when another version serves then: tells the runner what was set for
   * bundles. `manifestOf` knows the versions that serve here.
   */
  applySettings?: (manifestOf: (bundleId: string) => BundleManifest | undefined) => Promise<void>;
  /** Called with the clean-up by the clock: for what lies in the bundle store and belongs to no bundle. */
  furtherCleanUp?: () => Promise<void>;
  /** Versions of a bundle that stay for a rollback. Default 5. */
  keepVersions?: number;
  /** Removed versions of a bundle whose rows stay, for looking back. Default 100. */
  keepRecords?: number;
}

/** Which version of which bundle serves now, in this process and, by the rows, in all of them. */
export interface Registry extends Service {
  /** Rejects UNPROCESSABLE, BUNDLE_ERROR or BUNDLE_UNAVAILABLE when the new version cannot serve; then the old one goes on. */
  register(source: BundleSource): Promise<Registration>;
  /** Without an id the default bundle. From memory; only an id that is not known here costs one reading. Rejects BUNDLE_UNAVAILABLE. */
  resolve(bundleId: string | undefined): Promise<ServedBundle>;
  /** Like `resolve`, and keeps the version's host and folder until the release. Every invocation takes one. */
  hold(bundleId: string | undefined): Promise<BundleHold>;
  served(bundleId: string): ServedBundle | undefined;
  /** What serves in this process, of every bundle. */
  allServed(): ServedBundle[];
  /** Why the version that the rows name does not serve in this process. */
  failure(bundleId: string): LoadFailure | undefined;
  defaultBundleId(): string | undefined;
  /**
   * Goes back to a former version, or forward again. False: it serves already. Rejects NOT_FOUND and UNPROCESSABLE; then nothing changed.
   */
  rollBack(bundleId: string, versionId: string): Promise<boolean>;
  /**
   * The bundle and all its versions go; what runs on them ends first. False: no such bundle. Rejects CONFLICT for the default bundle and for
   * one that comes with the platform, which a restart would bring back.
   */
  remove(bundleId: string): Promise<boolean>;
  /** False: no such bundle. */
  setDefault(bundleId: string): Promise<boolean>;
  /** Reads the rows now. */
  reload(): Promise<void>;
  /** Removes versions that nobody needs, of one bundle or of all; returns their ids. */
  cleanUp(bundleId?: string): Promise<string[]>;
}

const REFRESH_MS = 30_000;
const KEEP_VERSIONS = 5;
const KEEP_RECORDS = 100;
/** Versions that were in use when their bundle changed go with the next of these. */
const CLEAN_UP_EVERY_MS = 10 * 60_000;
/** Unknown ids cannot make more readings than this allows. */
const UNKNOWN_REREAD_MS = 1_000;

export function createRegistry(parts: RegistryParts): Registry {
  return new BundleRegistry(parts);
}

class BundleRegistry implements Registry {
  readonly name = 'registry';
  readonly #parts: RegistryParts;
  readonly #table: ServingTable;
  readonly #follower: RowFollower;
  readonly #watched: WatchedFolders;
  readonly #stopping = new AbortController();
  readonly #subscriptions: (() => unknown)[] = [];
  readonly #background = new Set<Promise<unknown>>();
  #loop: Promise<void> | undefined;

  constructor(parts: RegistryParts) {
    const { runner, bundleStore, bundles, clock, log } = parts;
    const table = new ServingTable((versionId) => runner.retire(versionId));
    this.#parts = parts;
    this.#table = table;
    this.#watched = new WatchedFolders({
      register: ({ bundleId: id, dir }) =>
        this.register({ id, dir, ref: 'folder', activate: 'always', watch: true }),
      log,
    });
    const onRows = (rows: readonly BundleRow[]) => this.#watched.set(watchedOf(rows));
    const applySettings = async (): Promise<void> =>
      parts.applySettings?.((bundleId) => table.get(bundleId)?.manifest);
    const follow = { bundles, runner, table, bundleStore, clock, log, applySettings };
    this.#follower = createRowFollower(parts.watchesFolders === true ? { ...follow, onRows } : follow);
  }

  async register(source: BundleSource): Promise<Registration> {
    const registration = await registerSource(this.#parts, source);
    // The table is only ever written from the rows, so an older reading that is still under way cannot undo this one.
    await this.#refresh();
    if (!registration.isNew) return registration;
    const { bundleId, versionId } = registration;
    const { log } = this.#parts;
    log.info('bundle version registered', { bundle_id: bundleId, version_id: versionId });
    failpoint('registry.switch.after-refresh');
    await this.#publish(bundleId);
    this.#inBackground('old bundle versions could not be removed', this.cleanUp(bundleId));
    return registration;
  }

  async resolve(bundleId: string | undefined): Promise<ServedBundle> {
    return this.#find(bundleId, (id) => this.#table.get(id));
  }

  async hold(bundleId: string | undefined): Promise<BundleHold> {
    return this.#find(bundleId, (id) => this.#table.hold(id));
  }

  served(bundleId: string): ServedBundle | undefined {
    return this.#table.get(bundleId);
  }

  allServed(): ServedBundle[] {
    return this.#table.all();
  }

  failure(bundleId: string): LoadFailure | undefined {
    return this.#table.failure(bundleId);
  }

  defaultBundleId(): string | undefined {
    return this.#follower.defaultBundleId();
  }

  async setDefault(bundleId: string): Promise<boolean> {
    const isSet = await this.#parts.bundles.setDefault(bundleId);
    if (isSet) await this.reload();
    return isSet;
  }

  async reload(): Promise<void> {
    await this.#publish('*');
    await this.#refresh();
  }

  async rollBack(bundleId: string, versionId: string): Promise<boolean> {
    const { sql, scope } = this.#parts;
    const isNew = await sql.advisoryLock(bundleLock(scope, bundleId), () =>
      rollBack(this.#parts, bundleId, versionId),
    );
    await this.#refresh();
    if (isNew) await this.#publish(bundleId);
    return isNew;
  }

  async remove(bundleId: string): Promise<boolean> {
    const { sql, scope, bundles } = this.#parts;
    const isGone = await sql.advisoryLock(bundleLock(scope, bundleId), () => removeBundle(bundles, bundleId));
    if (!isGone) return false;
    await this.#refresh();
    await this.#publish(bundleId);
    this.#inBackground('versions of a removed bundle could not be removed', this.cleanUp(bundleId));
    return true;
  }

  async cleanUp(bundleId?: string): Promise<string[]> {
    if (bundleId !== undefined) return this.#cleanUpOne(bundleId);
    const removed: string[] = [];
    for (const id of await this.#parts.bundles.listKnownIds()) removed.push(...(await this.#cleanUpOne(id)));
    return removed;
  }

  #cleanUpOne(bundleId: string): Promise<string[]> {
    const { sql, scope, bundles, bundleStore, keepVersions, keepRecords = KEEP_RECORDS } = this.#parts;
    return sql.advisoryLock(bundleLock(scope, bundleId), async () => {
      // Of a bundle that was removed nothing is kept for a rollback.
      const isThere = (await bundles.find(bundleId)) !== undefined;
      const keep = isThere ? (keepVersions ?? KEEP_VERSIONS) : 0;
      const inUse = await bundleStore.readUses(this.#table.versionsInUse());
      return removeOldVersions({ bundles, bundleStore }, bundleId, {
        inUse,
        keep,
        keepRecords,
      });
    });
  }

  async start(): Promise<void> {
    const { bundleStore, clock, subscriber, keys } = this.#parts;
    await bundleStore.sweep(clock.now());
    const refresh = (): void => this.#inBackground('bundle registry could not be read', this.#refresh());
    this.#subscriptions.push(await subscriber.subscribe(keys.registryChanges(), refresh));
    this.#subscriptions.push(subscriber.onReconnect(refresh));
    await this.#refresh();
    this.#loop = this.#run();
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#stopping.abort();
    await this.#watched.close();
    for (const leave of this.#subscriptions.splice(0)) await leave();
    const ended = Promise.allSettled([this.#loop, ...this.#background]);
    await withTimeout(ended, deadline.remainingMs(), 'the end of the registry').catch((error: unknown) => {
      this.#parts.log.warn('registry work was left behind', { error });
    });
    await this.#parts.bundleStore.forgetUses();
  }

  health(): HealthReport {
    const readAt = this.#follower.lastReadAt();
    if (readAt === undefined) return { ok: false };
    const detail = {
      bundles: this.#table.bundleIds().length,
      read_ms_ago: Math.round(this.#parts.clock.monotonic() - readAt),
    };
    return { ok: true, detail };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { log, clock, refreshMs = REFRESH_MS } = this.#parts;
    let cleanedAt = clock.monotonic();
    while (!signal.aborted) {
      await sleep(refreshMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#refresh().catch((error: unknown) =>
        log.warn('bundle registry could not be read', { error }),
      );
      if (clock.monotonic() - cleanedAt < CLEAN_UP_EVERY_MS) continue;
      cleanedAt = clock.monotonic();
      await this.cleanUp()
        .then(() => this.#parts.furtherCleanUp?.())
        .catch((error: unknown) => log.warn('old bundle versions could not be removed', { error }));
    }
  }

  async #refresh(): Promise<void> {
    await this.#follower.refresh();
    if (!this.#stopping.signal.aborted) await this.#parts.bundleStore.markUses(this.#table.versionsInUse());
  }

  /** From memory; what is not there may have been registered elsewhere a moment ago, so the rows are asked once. */
  async #find<T>(bundleId: string | undefined, look: (bundleId: string) => T | undefined): Promise<T> {
    const now = (): T | undefined => {
      const wanted = bundleId ?? this.#follower.defaultBundleId();
      return wanted === undefined ? undefined : look(wanted);
    };
    const found = now();
    if (found !== undefined) return found;
    const readAt = this.#follower.lastReadAt();
    if (readAt === undefined || this.#parts.clock.monotonic() - readAt > UNKNOWN_REREAD_MS)
      await this.#refresh();
    const later = now();
    if (later !== undefined) return later;
    throw PlatformError.of('BUNDLE_UNAVAILABLE', undefined, { details: { bundle_id: bundleId ?? null } });
  }

  /** A lost publication costs time, never correctness: every worker reads the rows again by itself. */
  async #publish(bundleId: string): Promise<void> {
    const { redis, keys, log } = this.#parts;
    await redis.driver.spublish(keys.registryChanges(), bundleId).catch((error: unknown) => {
      log.warn('bundle change could not be published', { bundle_id: bundleId, error });
    });
  }

  /** Work that nobody waits for but a stop: connections must outlive it. */
  #inBackground(failure: string, work: Promise<unknown>): void {
    const done = work
      .catch((error: unknown) => this.#parts.log.warn(failure, { error }))
      .finally(() => this.#background.delete(done));
    this.#background.add(done);
  }
}

function watchedOf(rows: readonly BundleRow[]): WatchedFolder[] {
  return rows.flatMap(({ bundle_id: bundleId, source: { watch, dir } }) =>
    watch === true && typeof dir === 'string' ? [{ bundleId, dir }] : [],
  );
}
