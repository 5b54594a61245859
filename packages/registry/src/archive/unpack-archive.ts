import { createWriteStream } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PlatformError } from '@switchyard/kernel';
import { DEFAULT_SOURCE_LIMITS } from '../source-files.ts';
import type { ArchiveEntry, WalkArchive } from './archive-entry.ts';
import { planFiles } from './check-entries.ts';
import type { ArchiveRules } from './check-entries.ts';
import { createWalkTar } from './walk-tar.ts';
import { walkZip } from './walk-zip.ts';

/** Head and padding of an entry of a tar. */
const TAR_ENTRY_BYTES = 1536;

/**
 * Unpacks a zip, tar or tar.gz into a folder that does not exist yet. It is read twice: all of it is checked before a byte is written.
 * Rejects UNPROCESSABLE with the reason.
 *
 * @param file absolute path of the archive
 * @param target absolute folder; its parent must exist
 */
export async function unpackArchive(
  file: string,
  target: string,
  rules: ArchiveRules = { limits: DEFAULT_SOURCE_LIMITS, isFolderKept: false },
): Promise<void> {
  const { limits } = rules;
  const walk = await chooseWalk(file, limits);
  const entries: ArchiveEntry[] = [];
  await readable(
    walk(file, async (entry) => {
      // More than the plan would allow is not even remembered.
      if (entries.length <= limits.maxFiles * 2) entries.push(entry);
    }),
  );
  const planned = planFiles(entries, (await stat(file)).size, rules);
  const targets = new Map(planned.map((each) => [each.path, each.target]));
  await mkdir(target);
  await readable(
    walk(file, async (entry, content) => {
      const inside = entry.kind === 'file' ? targets.get(entry.path) : undefined;
      if (inside === undefined) return;
      const written = path.join(target, inside);
      await mkdir(path.dirname(written), { recursive: true });
      await pipeline(await content(), createWriteStream(written, { flags: 'wx', mode: 0o644 }));
    }),
  );
}

async function chooseWalk(file: string, limits: ArchiveRules['limits']): Promise<WalkArchive> {
  const handle = await open(file);
  const head = Buffer.alloc(512);
  try {
    await handle.read(head, 0, head.length, 0);
  } finally {
    await handle.close();
  }
  const maxBytes = limits.maxTotalBytes + limits.maxFiles * 2 * TAR_ENTRY_BYTES;
  if (head.readUInt32BE(0) === 0x504b0304) return walkZip;
  if (head.readUInt16BE(0) === 0x1f8b) return createWalkTar(true, maxBytes);
  if (head.toString('latin1', 257, 262) === 'ustar') return createWalkTar(false, maxBytes);
  throw PlatformError.of('UNPROCESSABLE', 'This is no archive that can be read: zip, tar and tar.gz can.');
}

async function readable<T>(walking: Promise<T>): Promise<T> {
  try {
    return await walking;
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw PlatformError.of('UNPROCESSABLE', `The archive cannot be read: ${reason}.`, { cause: error });
  }
}
