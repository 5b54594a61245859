import { createReadStream, createWriteStream, openAsBlob } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { readIgnoreRules } from './bundle-folder.ts';
import { listFolderFiles } from './folder-files.ts';

/** What the server takes of a site at most, as it is set where nobody changed it. */
const MAX_FILES = 50_000;
/** Of tools, and some with passwords in them; but one name with a dot is of the web. The server leaves them out as well. */
const ALWAYS = ['.*', '!.well-known', 'node_modules', '__MACOSX'];

export interface SiteArchive extends AsyncDisposable {
  readonly blob: Blob;
  readonly files: number;
}

/** A tar.gz of the files of a site in a temporary file, which is gone when it is disposed of: a site may be larger than memory. */
export async function packSite(folder: string): Promise<SiteArchive> {
  const isPart = await readIgnoreRules(folder, ALWAYS);
  const files = await listFolderFiles(folder, { isPart, maxFiles: MAX_FILES });
  const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-site-'));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const file = path.join(dir, 'site.tar.gz');
    const archive = pack();
    const written = pipeline(archive, createGzip(), createWriteStream(file, { mode: 0o600 }));
    await Promise.all([addFiles(archive, folder, files), written]);
    const blob = await openAsBlob(file, { type: 'application/gzip' });
    return { blob, files: files.length, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function addFiles(archive: Pack, folder: string, names: readonly string[]): Promise<void> {
  try {
    for (const name of names) {
      const source = path.join(folder, name);
      const { size } = await stat(source);
      await pipeline(
        createReadStream(source),
        archive.entry({ name, size, mode: 0o644, mtime: new Date(0) }),
      );
    }
    archive.finalize();
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
