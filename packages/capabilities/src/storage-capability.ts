import { buffer } from 'node:stream/consumers';
import { PlatformError } from '@switchyard/kernel';
import type { BlobStore, BundleFiles } from '@switchyard/store';
import { defineCapability } from './define-capability.ts';
import type { Capability } from './capability.ts';
import { ownerOf, pageOf } from './owner-of.ts';

export interface StorageParts {
  readonly files: Pick<BundleFiles, 'find' | 'put' | 'delete' | 'list' | 'usedBytes'>;
  readonly blobs: Pick<BlobStore, 'put' | 'open'>;
  /** Of one bundle, with the files of its users. */
  readonly maxBytes: number;
}

const DEFAULT_MIME = 'application/octet-stream';

/** Files of bundles: rows in Postgres, bytes in the blob store by their content. */
export function createStorageCapability({ files, blobs, maxBytes }: StorageParts): Capability {
  return defineCapability('storage', {
    read: async (caller, path, { scope }) => {
      const file = await files.find(ownerOf(caller, scope), path);
      if (file === undefined) return null;
      const blob = await blobs.open(file.sha256);
      if (blob === undefined) throw PlatformError.of('INTERNAL', 'the bytes of a stored file are not there');
      return new Uint8Array(await buffer(blob.stream));
    },
    stat: async (caller, path, { scope }) => (await files.find(ownerOf(caller, scope), path)) ?? null,
    write: async (caller, path, bytes, { scope, mime = DEFAULT_MIME }) => {
      const used = await files.usedBytes(caller.bundleId);
      if (used + bytes.byteLength > maxBytes)
        throw PlatformError.of(
          'UNPROCESSABLE',
          `The bundle stores ${used} bytes of ${maxBytes}; the file is too much.`,
        );
      // The bytes first: a row always has its blob.
      const { sha256, size } = await blobs.put(bytes);
      return files.put(ownerOf(caller, scope), { path, size, mime, sha256 });
    },
    delete: (caller, path, { scope }) => files.delete(ownerOf(caller, scope), path),
    list: async (caller, prefix, { scope, limit, cursor = '' }) =>
      pageOf(await files.list(ownerOf(caller, scope), prefix, cursor, limit + 1), limit, ({ path }) => path),
  });
}
