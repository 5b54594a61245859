import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { RunnerConfig } from './runner-config.ts';

/** The scratch folders of one host's invocations: a folder each, which the host makes when it is wanted, and which goes with the invocation. */
export class ScratchFolders {
  readonly #dir: string;
  readonly #isKept: boolean;

  constructor(dir: string, { keepFiles }: Pick<RunnerConfig, 'keepFiles'>) {
    this.#dir = dir;
    this.#isKept = keepFiles;
  }

  folderOf(id: number): string {
    return `${this.#dir}${sep}${id}`;
  }

  /** For looking into; only where files are kept. */
  keepRequest(id: number, payload: unknown): void {
    if (this.#isKept) this.#write(id, 'request.json', payload);
  }

  /** Not waited for: the place is free before the disk is. */
  end(id: number, result: unknown, wasUsed: boolean): void {
    if (this.#isKept) this.#write(id, 'result.json', result);
    else if (wasUsed) void rm(this.folderOf(id), { recursive: true, force: true }).catch(() => undefined);
  }

  #write(id: number, name: string, value: unknown): void {
    mkdirSync(this.folderOf(id), { recursive: true });
    writeFileSync(join(this.folderOf(id), name), JSON.stringify(value ?? null, undefined, 2));
  }
}
