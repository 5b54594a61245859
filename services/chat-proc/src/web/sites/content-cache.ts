import { buffer } from 'node:stream/consumers';
import type { ByteRange, OpenBlob } from '@switchyard/store';
import type { Coding, SiteContents } from '@switchyard/web-store';

export interface ContentCacheParts {
  readonly contents: Pick<SiteContents, 'open'>;
  /** Of everything that is kept. */
  readonly maxBytes: number;
  /** Larger contents are streamed from the store each time. */
  readonly maxItemBytes: number;
}

/** A content by its hash: from memory, or open for reading. */
export interface ContentCache {
  /** Undefined: it is too large to be kept, or not there. */
  whole(
    coding: Coding | 'identity',
    sha256: string,
    size: number,
  ): Buffer | Promise<Buffer | undefined> | undefined;
  open(coding: Coding | 'identity', sha256: string, range?: ByteRange): Promise<OpenBlob | undefined>;
  readonly keptBytes: number;
}

/**
 * Contents never change, so nothing here is ever stale. The one that was not asked for the longest goes first; one that many ask for at
 * the same time is read once.
 */
export function createContentCache({ contents, maxBytes, maxItemBytes }: ContentCacheParts): ContentCache {
  const kept = new Map<string, Buffer>();
  const reading = new Map<string, Promise<Buffer | undefined>>();
  let keptBytes = 0;

  const keep = (key: string, bytes: Buffer): void => {
    kept.set(key, bytes);
    keptBytes += bytes.length;
    for (const [oldest, content] of kept) {
      if (keptBytes <= maxBytes) break;
      kept.delete(oldest);
      keptBytes -= content.length;
    }
  };
  const read = async (
    key: string,
    coding: Coding | 'identity',
    sha256: string,
  ): Promise<Buffer | undefined> => {
    try {
      const blob = await contents.open(coding, sha256);
      if (blob === undefined) return undefined;
      const bytes = await buffer(blob.stream);
      keep(key, bytes);
      return bytes;
    } finally {
      reading.delete(key);
    }
  };
  return {
    whole(coding, sha256, size) {
      if (size > maxItemBytes || size > maxBytes) return undefined;
      // Compressed forms have hashes of their own, so the hash alone is the key.
      const found = kept.get(sha256);
      if (found !== undefined) {
        kept.delete(sha256);
        kept.set(sha256, found);
        return found;
      }
      const before = reading.get(sha256);
      if (before !== undefined) return before;
      const now = read(sha256, coding, sha256);
      reading.set(sha256, now);
      return now;
    },
    open: (coding, sha256, range) => contents.open(coding, sha256, range),
    get keptBytes() {
      return keptBytes;
    },
  };
}
