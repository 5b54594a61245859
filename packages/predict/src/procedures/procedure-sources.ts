import { randomUUID } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DownloadFailed, downloadFile } from '../files/download-file.ts';
import type { Outbound } from '../files/outbound.ts';
import { copyFolder } from './copy-folder.ts';
import { nameOfSource } from './procedure-url.ts';
import { SourceRefused } from './source-budget.ts';
import type { SourceBounds } from './source-budget.ts';
import { unpackTar } from './unpack-tar.ts';

export interface ProcedureSourcesParts extends SourceBounds {
  /** Of this process; archives are kept in it. */
  readonly folder: string;
  readonly outbound: Outbound;
  readonly transferMs: number;
  /** Archives that are kept, the least recently used goes first. */
  readonly maxKeptSources: number;
}

export interface ProcedureSources {
  /**
   * Lays the source into a folder that does not exist yet, one for each host. Archives are fetched once, folders are copied as they are
   * at the moment. Rejects SourceRefused with a sentence for the caller, or the signal's reason.
   *
   * @returns the folder in which the predictor lies
   */
  lay(url: string, target: string, signal: AbortSignal): Promise<string>;
}

interface Archive {
  readonly file: string;
  /** One for all who want it. */
  readonly fetched: Promise<void>;
  users: number;
}

export function createProcedureSources(parts: ProcedureSourcesParts): ProcedureSources {
  const { folder, maxKeptSources } = parts;
  // In the order of their last use.
  const archives = new Map<string, Archive>();

  /** Counted for whoever asks; the others' flight goes on when one of them leaves. */
  const take = (url: string): Archive => {
    const known = archives.get(url);
    const archive = known ?? begin(url);
    archives.delete(url);
    archives.set(url, archive);
    archive.users += 1;
    return archive;
  };
  const begin = (url: string): Archive => {
    const file = path.join(folder, `source-${randomUUID()}`);
    const archive = { file, fetched: fetchArchive(url, file, parts), users: 0 };
    archive.fetched.catch(async () => {
      // The next call tries again: what failed may have passed.
      if (archives.get(url) === archive) archives.delete(url);
      await rm(file, { force: true });
    });
    return archive;
  };
  const giveBack = async (archive: Archive): Promise<void> => {
    archive.users -= 1;
    for (const [url, one] of archives) {
      if (archives.size <= maxKeptSources) return;
      if (one.users > 0) continue;
      archives.delete(url);
      await rm(one.file, { force: true });
    }
  };

  return {
    async lay(url, target, signal) {
      try {
        if (url.startsWith('file:')) await copyFolder(pathOf(url), target, parts);
        else {
          const archive = take(url);
          try {
            await orAborted(archive.fetched, signal);
            await unpackTar(archive.file, target, parts, signal);
          } finally {
            await giveBack(archive);
          }
        }
        return await innermost(target);
      } catch (error) {
        if (!(error instanceof SourceRefused)) throw error;
        throw new SourceRefused(`the source ${nameOfSource(url)} cannot be used: ${error.message}`, {
          cause: error,
        });
      }
    },
  };
}

async function fetchArchive(
  url: string,
  file: string,
  { outbound, transferMs, maxSourceBytes }: ProcedureSourcesParts,
): Promise<void> {
  if (url.startsWith('data:')) return writeFile(file, decodeArchive(url));
  try {
    const signal = AbortSignal.timeout(transferMs);
    await downloadFile(new URL(url), () => file, { outbound, maxBytes: maxSourceBytes, signal });
  } catch (error) {
    if (!(error instanceof DownloadFailed)) throw error;
    throw new SourceRefused(`it cannot be fetched: ${error.message}`, { cause: error });
  }
}

/** The archive that a data URI is. Throws SourceRefused. */
export function decodeArchive(uri: string): Buffer {
  const match = /^data:[^,]*;base64,/u.exec(uri);
  if (match === null) throw new SourceRefused('a data URI of a tar archive is in base64');
  return Buffer.from(uri.slice(match[0].length), 'base64');
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new SourceRefused('the address is no folder of this machine', { cause: error });
  }
}

/** An archive that was made of a folder holds that folder alone. */
async function innermost(target: string): Promise<string> {
  const [first, ...others] = await readdir(target);
  if (first === undefined || others.length > 0) return target;
  const inside = path.join(target, first);
  return (await stat(inside)).isDirectory() ? inside : target;
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
