import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';
import type { Log } from '@switchyard/telemetry';
import { listBundleFolders } from './source-folders.ts';

export interface WatchedBundlesDirParts {
  readonly bundlesDir: string;
  readonly log: Log;
  /** Registers one folder of it. What it rejects is told in the log: the next save tries again. */
  readonly register: (folder: string) => Promise<unknown>;
}

/** An editor writes a file in several steps; a copy that was taken between two of them is taken again after the next. */
const SETTLE_MS = 40;

/**
 * The folder of bundles under development: what is saved below it is served, and a new folder is a new bundle. A folder that goes changes
 * nothing: bundles are removed by an admin.
 */
export class WatchedBundlesDir {
  readonly #parts: WatchedBundlesDirParts;
  readonly #dirty = new Set<string>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

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
    clearTimeout(this.#timer);
    this.#dirty.clear();
    await this.#running;
  }

  #noticed(file: string): void {
    const [folder = ''] = file.split(path.sep);
    this.#dirty.add(folder);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running ??= this.#register().finally(() => (this.#running = undefined));
    }, SETTLE_MS);
  }

  async #register(): Promise<void> {
    const { bundlesDir, log, register } = this.#parts;
    while (this.#dirty.size > 0) {
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
}
