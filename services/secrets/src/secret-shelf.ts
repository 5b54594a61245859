import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { spellFolder } from './secret-name.ts';
import type { SecretFolder } from './secret-name.ts';

export interface SecretInfo {
  key: string;
  /** Counts the writes of this name, from 1. */
  version: number;
  /** Epoch ms. */
  updatedAt: number;
}

interface Entry {
  value: Buffer;
  version: number;
  updatedAt: number;
}

/** Values in the memory of this process and nowhere else: a restart empties it, and whoever filled it fills it again. */
export interface SecretShelf {
  /** Throws TOO_LARGE for a value, UNPROCESSABLE when the shelf is full. */
  put(folder: SecretFolder, key: string, value: string): SecretInfo;
  get(folder: SecretFolder, key: string): (SecretInfo & { value: string }) | undefined;
  delete(folder: SecretFolder, key: string): boolean;
  /** Names, never values; by name. */
  list(folder: SecretFolder): SecretInfo[];
  /** Overwrites all values. */
  wipe(): void;
  readonly size: number;
}

export function createSecretShelf(limits: {
  maxValueBytes: number;
  maxSecrets: number;
  clock: Clock;
}): SecretShelf {
  const folders = new Map<string, Map<string, Entry>>();
  let size = 0;
  // Overwritten before it is let go: what the collector has not reused yet is not readable in a dump.
  const forget = (entry: Entry | undefined) => void entry?.value.fill(0);

  return {
    put(folder, key, value) {
      const bytes = Buffer.from(value, 'utf8');
      if (bytes.length > limits.maxValueBytes) {
        throw PlatformError.of('TOO_LARGE', `A secret has ${limits.maxValueBytes} bytes at most.`);
      }
      const name = spellFolder(folder);
      const entries = folders.get(name) ?? new Map<string, Entry>();
      const before = entries.get(key);
      if (before === undefined && size >= limits.maxSecrets)
        throw PlatformError.of('UNPROCESSABLE', 'There are too many secrets.');
      forget(before);
      const entry = { value: bytes, version: (before?.version ?? 0) + 1, updatedAt: limits.clock.now() };
      entries.set(key, entry);
      folders.set(name, entries);
      if (before === undefined) size += 1;
      return { key, version: entry.version, updatedAt: entry.updatedAt };
    },
    get(folder, key) {
      const entry = folders.get(spellFolder(folder))?.get(key);
      if (entry === undefined) return undefined;
      return { key, value: entry.value.toString('utf8'), version: entry.version, updatedAt: entry.updatedAt };
    },
    delete(folder, key) {
      const name = spellFolder(folder);
      const entries = folders.get(name);
      forget(entries?.get(key));
      if (entries?.delete(key) !== true) return false;
      if (entries.size === 0) folders.delete(name);
      size -= 1;
      return true;
    },
    list(folder) {
      const entries = [...(folders.get(spellFolder(folder)) ?? [])];
      return entries
        .map(([key, { version, updatedAt }]) => ({ key, version, updatedAt }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    },
    wipe() {
      for (const entries of folders.values()) for (const entry of entries.values()) forget(entry);
      folders.clear();
      size = 0;
    },
    get size() {
      return size;
    },
  };
}
