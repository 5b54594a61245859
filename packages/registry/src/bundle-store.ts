/** Where the immutable versions of bundles lie, one for all workers that serve them; on each machine hosts read them from a folder. */
export interface BundleStore {
  /**
   * Absolute folder of this machine in which versions lie by their ids, and what was built from them below `.built/`. Of a version nothing
   * may be read before `fetch` said that it is here.
   */
  readonly dir: string;
  /** Makes a version readable here, with what was built from it. False: the store does not have it. */
  fetch(versionId: string): Promise<boolean>;
  /**
   * Makes a version: `fill` writes into an empty folder and says which one that is. It appears whole or not at all, and nobody writes into it
   * again. One that is there already stays as it is, also when two are made at once. Rejects as `fill` does; nothing is left then.
   */
  publish<T extends { versionId: string }>(fill: (dir: string) => Promise<T>): Promise<T>;
  /** The same for what is built from a version. Where that is there already, `fill` is not called. */
  publishBuilt(versionId: string, fill: (dir: string) => Promise<void>): Promise<void>;
  /** The version and what was built from it. One that is not there is no error; whoever reads never finds a half of it. */
  remove(versionId: string): Promise<void>;
  /** For sources that are brought here: a name in a folder of this machine, where nothing is yet; what lies there is removed afterwards. */
  withPlace<T>(work: (place: string) => Promise<T>): Promise<T>;
  /** Removes what processes left half done that died more than an hour ago. `nowMs`: wall clock. */
  sweep(nowMs: number): Promise<void>;
  /** Says to all who share the store which versions this process uses. Holds for five minutes. */
  markUses(versionIds: readonly string[]): Promise<void>;
  /** Versions that any live process uses; says the own ones first. Rejects when it cannot be told: then nothing may be removed. */
  readUses(own: readonly string[]): Promise<ReadonlySet<string>>;
  forgetUses(): Promise<void>;
}

/** Where a file store keeps what was built from versions: a folder a version. */
export const BUILT_FOLDER = '.built';
