import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import ignore from 'ignore';
import { pack } from 'tar-stream';
import { UsageError } from './exit-codes.ts';
import { listFolderFiles } from './folder-files.ts';
import type { IsPart } from './folder-files.ts';

/** What the server takes of a source too: more is refused here already, before anything travels. */
const MAX_FILES = 2_000;
const ID = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/u;

/** Its lines are patterns as in a `.gitignore`. */
export const IGNORE_FILE = '.switchyardignore';

/** Names that begin with a dot and `node_modules` never leave the machine: the server leaves them out as well. */
const ALWAYS = ['.*', 'node_modules'];

export async function readIgnoreRules(folder: string, always = ALWAYS): Promise<IsPart> {
  const text = await readFile(path.join(folder, IGNORE_FILE), 'utf8').catch(() => '');
  const rules = ignore().add(always).add(text);
  return (relative) => relative !== '' && !rules.ignores(relative);
}

/** `switchyard.id` of package.json, else the name of the folder, as the server has it. */
export async function readBundleId(folder: string): Promise<string> {
  const text = await readFile(path.join(folder, 'package.json'), 'utf8').catch(() => '{}');
  const id = idOf(text, folder) ?? path.basename(folder);
  return requireBundleId(id);
}

/** Throws UsageError unless it is a name that a bundle may have. */
export function requireBundleId(id: string): string {
  if (ID.test(id)) return id;
  throw new UsageError(`${id} is no name of a bundle: letters, digits and ._@- after a letter or a digit.`);
}

function idOf(text: string, folder: string): string | undefined {
  try {
    const { switchyard } = JSON.parse(text) as { switchyard?: { id?: unknown } };
    return typeof switchyard?.id === 'string' ? switchyard.id : undefined;
  } catch {
    throw new UsageError(`${path.join(folder, 'package.json')} is not JSON.`);
  }
}

/** Files of the bundle, sorted, relative with `/`. Links are refused: the server would refuse the archive. */
export async function listBundleFiles(folder: string): Promise<string[]> {
  return listFolderFiles(folder, { isPart: await readIgnoreRules(folder), maxFiles: MAX_FILES });
}

/** A tar.gz of the bundle in memory: the same bytes for the same files, whoever packs them and when. */
export async function packBundle(folder: string): Promise<Buffer> {
  const archive = pack();
  for (const name of await listBundleFiles(folder)) {
    archive.entry({ name, mode: 0o644, mtime: new Date(0) }, await readFile(path.join(folder, name)));
  }
  archive.finalize();
  return buffer(archive.pipe(createGzip()));
}
