import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';
import { Settled } from '@switchyard/registry';
import type { Log } from '@switchyard/telemetry';
import { listBundleFolders } from './source-folders.ts';

export interface WatchedBundlesDirParts {
  readonly bundlesDir: string;
  readonly log: Log;
  /** Registers one folder of it. What it rejects is told in the log: the next save tries again. */
  readonly register: (folder: string) => Promise<unknown>;
}

/**
 * The folder of bundles under development: what is saved below it is served, and a new folder is a new bundle. A folder that goes changes
 * nothing: bundles are removed by an admin.
 */
export class WatchedBundlesDir {
  readonly #parts: WatchedBundlesDirParts;
  readonly #dirty = new Set<string>();
  readonly #settled = new Settled(() => this.#register());
  #watcher: FSWatcher | undefined;

  constructor(parts: WatchedBundlesDirParts) {
    this.#parts = parts;
    const { bundlesDir, log } = parts;
    const fail = (error: unknown): void => {
      log.warn('the folder of bundles cannot be watched: changes are seen at the next start', { error });
      this.#watcher?.close();
    };
    try {
      this.#watcher = watch(bundlesDir, { recursive: true, persistent: false });
      this.#watcher.on('change', (_kind, file) => this.#noticed(String(file)));
      this.#watcher.on('error', fail);
    } catch (error) {
      fail(error);
    }
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    await this.#settled.close();
  }

  #noticed(file: string): void {
    const [folder = ''] = file.split(path.sep);
    this.#dirty.add(folder);
    this.#settled.changed();
  }

  async #register(): Promise<void> {
    const { bundlesDir, log, register } = this.#parts;
    const dirty = new Set(this.#dirty);
    this.#dirty.clear();
    for (const folder of await listBundleFolders(bundlesDir)) {
      if (!dirty.has(path.basename(folder))) continue;
      await register(folder).catch((error: unknown) =>
        log.error('bundle could not be registered', { folder: path.basename(folder), error }),
      );
    }
  }
}
