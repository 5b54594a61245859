import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { InputFile } from './backends/backend.ts';

export interface FileBounds {
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** Of the whole archive: what a program left may be more than what comes back. */
  readonly maxTarBytes: number;
}

export interface CollectedFiles {
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  /** Names of what does not come along, in the order in which it lay there. */
  readonly leftOut: readonly string[];
}

const MAX_PATH_CHARACTERS = 1000;
const MAX_LEFT_OUT = 100;
const UNREADABLE = '(the folder could not be read to its end)';

type Header = { name: string; type?: string | null | undefined; size?: number | undefined };

/**
 * The files of a program that are new or changed. The archive is as little trusted as the program: plain files with plain paths, within
 * the bounds; links, pipes and everything else are named and not followed. Never rejects.
 */
export async function collectFiles(
  tar: Readable,
  given: readonly InputFile[],
  bounds: FileBounds,
): Promise<CollectedFiles> {
  const known = new Map(given.map(({ path, bytes }) => [path, bytes]));
  const files: { path: string; content: Buffer }[] = [];
  const leftOut: string[] = [];
  const leaveOut = (name: string): void => {
    if (leftOut.length < MAX_LEFT_OUT) leftOut.push(name.slice(0, MAX_PATH_CHARACTERS));
  };
  let room = bounds.maxBytes;
  const entries = extract();
  const reading = (async () => {
    for await (const entry of entries) {
      const { name, type, size = 0 } = entry.header as Header;
      const path = plainPath(name);
      const isPlain = path !== undefined && (type === 'file' || type === 'contiguous-file');
      // A file of the caller is read even where there is no room: it may be one that was not changed, which is not news.
      if (!isPlain || (size > room && known.get(path)?.byteLength !== size)) {
        if (type !== 'directory') leaveOut(path ?? name);
        entry.resume();
        continue;
      }
      const content = await readWhole(entry);
      if (known.get(path) !== undefined && content.equals(known.get(path) ?? content)) continue;
      if (files.length >= bounds.maxFiles || content.length > room) leaveOut(path);
      else {
        room -= content.length;
        files.push({ path, content });
      }
    }
  })();
  reading.catch(() => entries.destroy());
  const [read, fed] = await Promise.allSettled([
    reading,
    pipeline(tar, bounded(bounds.maxTarBytes), entries),
  ]);
  if (read.status === 'rejected' || fed.status === 'rejected') leaveOut(UNREADABLE);
  return { files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)), leftOut };
}

async function readWhole(entry: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As the archive of a folder has them: `./a/b`. Undefined: nothing that could be written below a folder. */
function plainPath(name: string): string | undefined {
  const path = name.replace(/^\.\//, '').replace(/\/$/, '');
  const isPlain =
    path.length <= MAX_PATH_CHARACTERS &&
    !/[\0\\]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return isPlain ? path : undefined;
}

function bounded(maxBytes: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > maxBytes) done(new RangeError(`more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
