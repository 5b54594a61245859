import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';

/** One entry as an archive says it, also what no tool would write. */
export interface MadeEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: NonNullable<Header['type']>;
  readonly linkname?: string;
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
