import { buffer } from 'node:stream/consumers';
import { crc32, gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';

/** One entry as an archive says it: `mode` is the Unix mode with the kind of file in it. */
export interface MadeEntry {
  path: string;
  content?: string | Buffer;
  type?: NonNullable<Header['type']>;
  linkname?: string;
}

export async function makeTar(entries: readonly MadeEntry[], { gzip = true } = {}): Promise<Buffer> {
  const tar = pack();
  for (const { path: name, content = '', type = 'file', linkname } of entries) {
    const header = { name, type, ...(linkname === undefined ? {} : { linkname }) };
    if (type === 'file') tar.entry(header, content);
    else tar.entry(header);
  }
  tar.finalize();
  const bytes = await buffer(tar);
  return gzip ? gzipSync(bytes) : bytes;
}

const ZIP_MODES: Readonly<Record<string, number>> = {
  file: 0o100644,
  directory: 0o040755,
  symlink: 0o120777,
  'character-device': 0o020666,
};
const UTF8_NAMES = 0x0800;
const MADE_ON_UNIX = 0x031e;

/** A zip without packing, written by hand, so that it can hold what no tool would write. */
export function makeZip(entries: readonly MadeEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { path, content = '', type = 'file' } of entries) {
    const name = Buffer.from(path);
    const bytes = Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(UTF8_NAMES, 6);
    local.writeUInt32LE(crc32(bytes), 14);
    local.writeUInt32LE(bytes.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    const head = Buffer.alloc(46);
    head.writeUInt32LE(0x02014b50, 0);
    head.writeUInt16LE(MADE_ON_UNIX, 4);
    local.copy(head, 6, 4, 30);
    head.writeUInt32LE(((ZIP_MODES[type] ?? 0) << 16) >>> 0, 38);
    head.writeUInt32LE(offset, 42);
    locals.push(local, name, bytes);
    central.push(head, name);
    offset += local.length + name.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
