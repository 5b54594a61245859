import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { ArchiveEntry, WalkArchive } from './archive-entry.ts';

const KINDS: Readonly<Record<string, ArchiveEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'folder',
  symlink: 'link',
  link: 'link',
};

/** Unpacks at most `maxBytes`, heads included: a few bytes may unpack to more than the disk holds. Throws RangeError over it. */
export function createWalkTar(isGzip: boolean, maxBytes: number): WalkArchive {
  return async (file, visit) => {
    const entries = extract();
    let total = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        total += chunk.length;
        if (total > maxBytes) done(new RangeError(`the archive unpacks to more than ${maxBytes} bytes`));
        else done(null, chunk);
      },
    });
    const source = createReadStream(file);
    const feeding = isGzip
      ? pipeline(source, createGunzip(), counted, entries)
      : pipeline(source, counted, entries);
    const reading = (async () => {
      for await (const entry of entries) {
        const { name, type, size } = entry.header;
        let isTaken = false;
        const content = async (): Promise<Readable> => {
          isTaken = true;
          return Readable.from(entry);
        };
        await visit({ path: name, kind: KINDS[type ?? 'file'] ?? 'other', size }, content);
        if (!isTaken) entry.resume();
      }
    })();
    // A visit that refuses ends the reading of the file too.
    reading.catch((error: unknown) =>
      entries.destroy(error instanceof Error ? error : new Error(String(error))),
    );
    const [read, fed] = await Promise.allSettled([reading, feeding]);
    if (read.status === 'rejected') throw read.reason;
    if (fed.status === 'rejected') throw fed.reason;
  };
}
