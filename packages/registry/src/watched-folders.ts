import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Log } from '@switchyard/telemetry';

/** A folder that is registered again whenever something in it changes. */
export interface WatchedFolder {
  readonly bundleId: string;
  /** Absolute. */
  readonly dir: string;
}

export interface WatchedFoldersParts {
  /** Never called twice at once for one bundle. */
  readonly register: (folder: WatchedFolder) => Promise<unknown>;
  readonly log: Log;
}

/** An editor writes a file in several steps; a copy that was taken between two of them is taken again after the next. */
const SETTLE_MS = 40;

interface Watching {
  readonly dir: string;
  readonly watcher: FSWatcher;
  timer: NodeJS.Timeout | undefined;
  running: Promise<void> | undefined;
  isDirty: boolean;
}

/** Folders under development: saved is served (04). */
export class WatchedFolders {
  readonly #parts: WatchedFoldersParts;
  readonly #watching = new Map<string, Watching>();

  constructor(parts: WatchedFoldersParts) {
    this.#parts = parts;
  }

  /** Watches these and no others. One that cannot be watched is told in the log, and tried again at the next call. */
  set(folders: readonly WatchedFolder[]): void {
    const wanted = new Map(folders.map((folder) => [folder.bundleId, folder]));
    for (const [bundleId, { dir }] of this.#watching)
      if (wanted.get(bundleId)?.dir !== dir) this.#end(bundleId);
    for (const folder of folders) if (!this.#watching.has(folder.bundleId)) this.#begin(folder);
  }

  async close(): Promise<void> {
    const running = Array.from(this.#watching.values(), async (each) => each.running);
    for (const bundleId of this.#watching.keys()) this.#end(bundleId);
    await Promise.allSettled(running);
  }

  #begin(folder: WatchedFolder): void {
    const { bundleId, dir } = folder;
    const fail = (error: unknown): void => {
      this.#parts.log.warn('a bundle folder cannot be watched', { bundle_id: bundleId, dir, error });
      this.#end(bundleId);
    };
    try {
      const watcher = watch(dir, { recursive: true, persistent: false });
      const watching: Watching = { dir, watcher, timer: undefined, running: undefined, isDirty: false };
      watcher.on('change', () => this.#noticed(folder, watching));
      watcher.on('error', fail);
      this.#watching.set(bundleId, watching);
    } catch (error) {
      fail(error);
    }
  }

  #end(bundleId: string): void {
    const watching = this.#watching.get(bundleId);
    this.#watching.delete(bundleId);
    clearTimeout(watching?.timer);
    watching?.watcher.close();
  }

  #noticed(folder: WatchedFolder, watching: Watching): void {
    watching.isDirty = true;
    clearTimeout(watching.timer);
    watching.timer = setTimeout(() => {
      watching.running ??= this.#register(folder, watching).finally(() => (watching.running = undefined));
    }, SETTLE_MS);
  }

  async #register(folder: WatchedFolder, watching: Watching): Promise<void> {
    while (watching.isDirty && this.#watching.get(folder.bundleId) === watching) {
      watching.isDirty = false;
      try {
        await this.#parts.register(folder);
      } catch (error) {
        // The former version goes on; its author finds the reason beside the bundle, and here.
        this.#parts.log.warn('a watched bundle could not be registered', {
          bundle_id: folder.bundleId,
          error,
        });
      }
    }
  }
}
