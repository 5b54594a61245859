import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';

export interface StoredBlob {
  sha256: string;
  size: number;
}

/** Both ends included, as in HTTP. `end` beyond the last byte is cut to it. */
export interface ByteRange {
  start: number;
  end?: number | undefined;
}

export interface OpenBlob {
  /** Of the whole blob. */
  size: number;
  start: number;
  end: number;
  /** Holds a file open: read it to its end or destroy it. */
  stream: Readable;
}

export interface BlobStore {
  /** Resolves when the bytes are on the disk for good. Throws TOO_LARGE past `maxBytes`; a source that fails leaves nothing behind. */
  put(source: AsyncIterable<Uint8Array> | Uint8Array, options?: { maxBytes?: number }): Promise<StoredBlob>;
  /** Undefined: not there. Throws INVALID_REQUEST when the range lies outside. */
  open(sha256: string, range?: ByteRange): Promise<OpenBlob | undefined>;
  has(sha256: string): Promise<boolean>;
  /** Removes a blob that was not put again since `before`; false when it is newer or not there. */
  remove(sha256: string, before: Date): Promise<boolean>;
  /** Removes what uploads that died half way left behind. */
  removeAbandoned(before: Date): Promise<number>;
}

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Files named by their content: `<dir>/ab/cd/<sha256>`. A file appears by rename, complete and synced, so a reader never sees
 * half of one. The same content put again replaces the file by an equal one, which makes its age the time of the last put.
 */
export function createBlobStore({ dir }: { dir: string }): BlobStore {
  const incoming = join(dir, 'incoming');
  const folderOf = (sha256: string) => join(dir, sha256.slice(0, 2), sha256.slice(2, 4));
  const pathOf = (sha256: string) => (SHA256.test(sha256) ? join(folderOf(sha256), sha256) : undefined);

  async function put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    options: { maxBytes?: number } = {},
  ): Promise<StoredBlob> {
    await mkdir(incoming, { recursive: true });
    const scratch = await mkdtemp(join(incoming, 'put-'));
    try {
      const written = join(scratch, 'blob');
      const blob = await writeSynced(
        written,
        source instanceof Uint8Array ? [source] : source,
        options.maxBytes ?? Infinity,
      );
      const folder = folderOf(blob.sha256);
      await mkdir(folder, { recursive: true });
      await rename(written, join(folder, blob.sha256));
      await syncFolder(folder);
      return blob;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  async function openBlob(sha256: string, range?: ByteRange): Promise<OpenBlob | undefined> {
    const path = pathOf(sha256);
    const handle = path === undefined ? undefined : await open(path, 'r').catch(orMissing);
    if (handle === undefined) return undefined;
    const { size } = await handle.stat();
    const start = range?.start ?? 0;
    const end = Math.min(range?.end ?? size - 1, size - 1);
    if (range !== undefined && (!Number.isInteger(start) || start < 0 || start >= size || end < start)) {
      await handle.close();
      throw PlatformError.of('INVALID_REQUEST', `range: outside of ${size} bytes`);
    }
    // An empty file has no last byte to name; reading without an end gives nothing, which is right.
    return { size, start, end, stream: handle.createReadStream(size === 0 ? {} : { start, end }) };
  }

  async function ageOf(sha256: string): Promise<Date | undefined> {
    const path = pathOf(sha256);
    return path === undefined ? undefined : (await stat(path).catch(orMissing))?.mtime;
  }

  return {
    put,
    open: openBlob,
    has: async (sha256) => (await ageOf(sha256)) !== undefined,
    async remove(sha256, before) {
      const age = await ageOf(sha256);
      const path = pathOf(sha256);
      if (age === undefined || path === undefined || age >= before) return false;
      await rm(path, { force: true });
      return true;
    },
    async removeAbandoned(before) {
      let removed = 0;
      for (const name of (await readdir(incoming).catch(orMissing)) ?? []) {
        const path = join(incoming, name);
        const found = await stat(path).catch(orMissing);
        if (found === undefined || found.mtime >= before) continue;
        await rm(path, { recursive: true, force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

async function writeSynced(
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number,
): Promise<StoredBlob> {
  const handle = await open(path, 'wx', 0o640);
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > maxBytes) throw PlatformError.of('TOO_LARGE', `The file is larger than ${maxBytes} bytes.`);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
    return { sha256: hash.digest('hex'), size };
  } finally {
    await handle.close();
  }
}

/** A rename is on the disk for good only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function orMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
