import { createHash } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import { decideEntry, readPackageHints } from './entry-file.ts';
import type { BundleStore } from './bundle-store.ts';
import { DEFAULT_SOURCE_LIMITS, listSourceFiles } from './source-files.ts';
import type { SourceFile, SourceLimits } from './source-files.ts';
import { versionIdOf } from './version-id.ts';

export interface VersionCopy {
  bundleId: string;
  ref: string;
  /** SHA-256 over sorted paths and bytes, 64 hex characters. */
  sha: string;
  versionId: string;
  /** Relative to the copy's folder. */
  entry: string;
}

export interface CopyOptions {
  /** Absolute folder of the source. */
  sourceDir: string;
  bundleStore: Pick<BundleStore, 'publish'>;
  ref: string;
  /** Without it: `switchyard.id` of package.json, else the folder's name. */
  id?: string;
  limits?: SourceLimits;
}

/** The id that a copy of this folder would have now. Reads names and `package.json`, no other content. */
export async function readBundleId(
  options: Pick<CopyOptions, 'sourceDir' | 'id' | 'limits'>,
): Promise<string> {
  const { sourceDir, id, limits = DEFAULT_SOURCE_LIMITS } = options;
  const files = await listSourceFiles(sourceDir, limits);
  return id ?? readPackageHints(await readHints(sourceDir, files)).id ?? path.basename(sourceDir);
}

/**
 * Makes the immutable copy of a source folder. The hash is taken over the very bytes that are written, so a file that
 * changes meanwhile gives another version and never a wrong name. A copy that is there already
 * is used as it is.
 */
export async function copyVersion(options: CopyOptions): Promise<VersionCopy> {
  const limits = options.limits ?? DEFAULT_SOURCE_LIMITS;
  const files = await listSourceFiles(options.sourceDir, limits);
  const hints = readPackageHints(await readHints(options.sourceDir, files));
  const entry = decideEntry(files, hints);
  const bundleId = options.id ?? hints.id ?? path.basename(options.sourceDir);
  return options.bundleStore.publish(async (dir) => {
    const sha = await copyFiles(options.sourceDir, dir, files, limits);
    return { bundleId, ref: options.ref, sha, versionId: versionIdOf(bundleId, options.ref, sha), entry };
  });
}

export interface SourceCopy {
  /** SHA-256 over sorted paths and bytes, 64 hex characters. */
  sha: string;
  versionId: string;
}

/** The same of code that is no bundle: what names it is its content alone. */
export async function copySource(
  options: Pick<CopyOptions, 'sourceDir' | 'bundleStore' | 'limits'>,
  nameOf: (sha: string) => string,
): Promise<SourceCopy> {
  const { sourceDir, bundleStore, limits = DEFAULT_SOURCE_LIMITS } = options;
  const files = await listSourceFiles(sourceDir, limits);
  return bundleStore.publish(async (dir) => {
    const sha = await copyFiles(sourceDir, dir, files, limits);
    return { sha, versionId: nameOf(sha) };
  });
}

async function readHints(sourceDir: string, files: readonly SourceFile[]): Promise<string | undefined> {
  return files.some((file) => file.path === 'package.json')
    ? readFile(path.join(sourceDir, 'package.json'), 'utf8')
    : undefined;
}

async function copyFiles(
  from: string,
  to: string,
  files: readonly SourceFile[],
  limits: SourceLimits,
): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = await readWithoutFollowing(path.join(from, file.path), limits.maxFileBytes);
    // Lengths keep ("a", "bc") and ("ab", "c") apart.
    hash.update(`${Buffer.byteLength(file.path)}:${file.path}:${bytes.length}:`).update(bytes);
    const target = path.join(to, file.path);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, bytes, { mode: 0o444, flag: 'wx' });
  }
  return hash.digest('hex');
}

/** A link that was put in place of a file after the listing is refused here: the open itself does not follow it. */
async function readWithoutFollowing(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes)
      throw PlatformError.of('UNPROCESSABLE', 'A file of the bundle grew over the limit while it was read.');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
