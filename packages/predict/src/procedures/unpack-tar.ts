import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { SourceBudget, SourceRefused } from './source-budget.ts';
import type { SourceBounds } from './source-budget.ts';

const MAX_PATH_BYTES = 1000;
/** Head and padding of an entry. */
const ENTRY_BYTES = 1536;
const GZIP = 0x1f8b;

/**
 * Unpacks a tar or tar.gz into a folder that does not exist yet: plain files and folders with relative paths, nothing else. A source
 * that is refused half way leaves nothing. Rejects SourceRefused, or the signal's reason.
 */
export async function unpackTar(
  file: string,
  target: string,
  bounds: SourceBounds,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(target);
  try {
    await unpackInto(file, target, bounds, signal);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    if (signal.aborted) throw signal.reason;
    if (error instanceof SourceRefused) throw error;
    throw new SourceRefused(`it is no tar archive that can be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function unpackInto(
  file: string,
  target: string,
  bounds: SourceBounds,
  signal: AbortSignal,
): Promise<void> {
  const isPacked = await isGzip(file);
  const entries = extract();
  const budget = new SourceBudget(bounds);
  const maxBytes = bounds.maxSourceBytes + bounds.maxSourceFiles * ENTRY_BYTES;
  const source = createReadStream(file);
  // Heads and padding too: what an archive says of its sizes need not be true.
  const counted = countTo(maxBytes);
  const feeding = isPacked
    ? pipeline(source, createGunzip(), counted, entries, { signal })
    : pipeline(source, counted, entries, { signal });
  const reading = (async () => {
    let files = 0;
    for await (const entry of entries) {
      const { name, type, size } = entry.header;
      const inside = safePath(name);
      budget.entry(name.slice(0, 200), size);
      if (type === 'directory') {
        await mkdir(path.join(target, inside), { recursive: true });
        entry.resume();
        continue;
      }
      if (type === 'symlink' || type === 'link') throw new SourceRefused(`links are not allowed (${name})`);
      if (type !== 'file' && type !== 'contiguous-file')
        throw new SourceRefused(`only plain files and folders are allowed (${name})`);
      const written = path.join(target, inside);
      await mkdir(path.dirname(written), { recursive: true });
      // Never over a file that is there: an archive may name one twice.
      await pipeline(entry, createWriteStream(written, { flags: 'wx', mode: 0o644 }), { signal });
      files += 1;
    }
    if (files === 0) throw new SourceRefused('it holds no files');
  })();
  // A refusal ends the reading of the file too.
  reading.catch((error: unknown) => entries.destroy(error as Error));
  const [read, fed] = await Promise.allSettled([reading, feeding]);
  if (read.status === 'rejected') throw read.reason;
  if (fed.status === 'rejected') throw fed.reason;
}

function safePath(name: string): string {
  if (name.includes('\0') || name.includes('\\'))
    throw new SourceRefused('a path has characters that are not allowed');
  if (name.startsWith('/') || Buffer.byteLength(name) > MAX_PATH_BYTES)
    throw new SourceRefused(`a path is absolute or too long (${name.slice(0, 200)})`);
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw new SourceRefused(`a path leads out of it (${name.slice(0, 200)})`);
  return segments.join('/');
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(2);
    await handle.read(head, 0, 2, 0);
    return head.readUInt16BE(0) === GZIP;
  } finally {
    await handle.close();
  }
}

function countTo(maxBytes: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > maxBytes) done(new SourceRefused(`it unpacks to more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
}
