import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import type { ArchiveEntry, WalkArchive } from './archive-entry.ts';

const open = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

const KIND_MASK = 0o170000;
const KINDS: Readonly<Record<number, ArchiveEntry['kind']>> = {
  0: 'file',
  0o100000: 'file',
  0o040000: 'folder',
  0o120000: 'link',
};
const ENCRYPTED = 1;

export const walkZip: WalkArchive = async (file, visit) => {
  const zip = await open(file, { lazyEntries: true, autoClose: false, strictFileNames: true });
  try {
    await new Promise<void>((resolve, reject) => {
      zip.on('error', reject);
      zip.on('end', resolve);
      zip.on('entry', (entry: Entry) => {
        const content = () => promisify(zip.openReadStream.bind(zip) as OpenReadStream)(entry);
        visit(toEntry(entry), content).then(() => zip.readEntry(), reject);
      });
      zip.readEntry();
    });
  } finally {
    zip.close();
  }
};

type OpenReadStream = (entry: Entry, callback: (error: Error | null, stream: Readable) => void) => void;

function toEntry({
  fileName,
  externalFileAttributes,
  uncompressedSize,
  generalPurposeBitFlag,
}: Entry): ArchiveEntry {
  if ((generalPurposeBitFlag & ENCRYPTED) !== 0) return { path: fileName, kind: 'other', size: 0 };
  // The upper half holds the Unix mode where the archive was made on one; a name that ends in a slash is a folder anyway.
  const mode = (externalFileAttributes >>> 16) & KIND_MASK;
  const kind = fileName.endsWith('/') ? 'folder' : (KINDS[mode] ?? 'other');
  return { path: fileName, kind, size: uncompressedSize };
}
