import type { Readable } from 'node:stream';

/** One thing in an archive, before anything of it is written. */
export interface ArchiveEntry {
  /** As the archive says it. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes, unpacked, as the archive says it. */
  readonly size: number;
}

/** Walks an archive once. `visit` must read `content` to its end, or leave it alone. */
export type WalkArchive = (
  file: string,
  visit: (entry: ArchiveEntry, content: () => Promise<Readable>) => Promise<void>,
) => Promise<void>;
