import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Log } from '@switchyard/telemetry';
import { Settled } from './settled.ts';

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

interface Watching {
  readonly dir: string;
  readonly watcher: FSWatcher;
  readonly settled: Settled;
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
      if (wanted.get(bundleId)?.dir !== dir) void this.#end(bundleId);
    for (const folder of folders) if (!this.#watching.has(folder.bundleId)) this.#begin(folder);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#watching.keys(), (bundleId) => this.#end(bundleId)));
  }

  #begin(folder: WatchedFolder): void {
    const { bundleId, dir } = folder;
    const fail = (error: unknown): void => {
      this.#parts.log.warn('a bundle folder cannot be watched', { bundle_id: bundleId, dir, error });
      void this.#end(bundleId);
    };
    try {
      const watcher = watch(dir, { recursive: true, persistent: false });
      const settled = new Settled(() => this.#register(folder));
      watcher.on('change', () => settled.changed());
      watcher.on('error', fail);
      this.#watching.set(bundleId, { dir, watcher, settled });
    } catch (error) {
      fail(error);
    }
  }

  async #end(bundleId: string): Promise<void> {
    const watching = this.#watching.get(bundleId);
    this.#watching.delete(bundleId);
    watching?.watcher.close();
    await watching?.settled.close();
  }

  async #register(folder: WatchedFolder): Promise<void> {
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
