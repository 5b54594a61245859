import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { contentTypeOf, isCompressible, readContentType } from './content-type.ts';
import type { SiteFile } from './manifest.ts';
import type { SiteContents } from './site-contents.ts';
import { readSitePath } from './site-path.ts';

/** One file to publish. `source` is read once. */
export interface FileToPublish {
  /** As the author wrote it. */
  readonly path: string;
  readonly source: () => AsyncIterable<Uint8Array> | Uint8Array;
  readonly contentType?: string | undefined;
}

export interface StoredFile {
  readonly path: string;
  readonly file: SiteFile;
}

/** Files that are read and compressed at a time. */
const AT_ONCE = 4;

/** Stores what is to be published: bytes first, so that a manifest names only what is there. */
export function createFileStorer({
  contents,
  clock,
  maxFileBytes,
}: {
  contents: Pick<SiteContents, 'put'>;
  clock: Clock;
  maxFileBytes: number;
}) {
  async function one({ path: text, source, contentType }: FileToPublish): Promise<StoredFile> {
    const path = requirePath(text);
    const type = requireType(path, contentType);
    const canShrink = isCompressible(type);
    const { sha256, size, variants } = await contents.put(source(), {
      maxBytes: maxFileBytes,
      isCompressible: canShrink,
    });
    const modified = Math.floor(clock.now() / 1000);
    const hasVariants = canShrink && Object.keys(variants).length > 0;
    return { path, file: { sha256, size, type, modified, ...(hasVariants ? { variants } : {}) } };
  }
  return {
    one,
    /** In the order of the files. */
    all: (files: readonly FileToPublish[]): Promise<StoredFile[]> => inTurns(files, AT_ONCE, one),
  };
}

/** Throws UNPROCESSABLE with the reason. */
export function requirePath(text: string): string {
  const read = readSitePath(text);
  if ('error' in read) throw refusePath(text, read.error);
  return read.path;
}

function requireType(path: string, given: string | undefined): string {
  if (given === undefined) return contentTypeOf(path);
  const type = readContentType(given);
  if (type === undefined) throw refusePath(path, 'the content type is no media type');
  return type;
}

export function refusePath(path: string, reason: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `${path.slice(0, 200)}: ${reason}`, {
    details: { path: path.slice(0, 200) },
  });
}

/** As `Promise.all` over `run`, so many at a time, in order. */
async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Map<number, R>();
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next;
      next += 1;
      const item = items[at];
      if (item !== undefined) results.set(at, await run(item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work));
  return items.flatMap((_item, at) => results.get(at) ?? []);
}
