import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file that is no JSON yet, and younger than this, is being written by somebody who does not rename. */
const YOUNG_MS = 1000;

/** The folder of files between server and host (06 §6). What is written there is renamed into place. */
export class HostFolder {
  readonly path: string;
  readonly #keepFiles: boolean;
  readonly #now: () => number;

  constructor(folder: string, options: { keepFiles: boolean; now: () => number }) {
    this.path = folder;
    this.#keepFiles = options.keepFiles;
    this.#now = options.now;
  }

  async write(name: string, value: unknown): Promise<void> {
    const partial = path.join(this.path, `.${name}.part`);
    await writeFile(partial, value === '' ? '' : JSON.stringify(value));
    await rename(partial, path.join(this.path, name));
  }

  /** Undefined where there is none yet. Rejects SyntaxError for an old one that is no JSON. */
  async read(name: string): Promise<unknown> {
    const file = path.join(this.path, name);
    try {
      return JSON.parse(await readFile(file, 'utf8')) as unknown;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      if (!(error instanceof SyntaxError)) throw error;
      const { mtimeMs } = await stat(file);
      if (this.#now() - mtimeMs < YOUNG_MS) return undefined;
      throw error;
    }
  }

  async has(name: string): Promise<boolean> {
    return stat(path.join(this.path, name)).then(
      () => true,
      () => false,
    );
  }

  async forget(name: string): Promise<void> {
    if (!this.#keepFiles) await rm(path.join(this.path, name), { force: true });
  }
}
