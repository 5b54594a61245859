import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProgramSources } from './runner-paths.ts';

/** The checksums of a program's files by their names: a machine that lost its power may have kept half of them. */
const SUMS_FILE = 'sums.json';
const MAKING = 'making-';

/** Programs of hosts, kept from one start of a runner to the next. */
export interface KeptPrograms {
  /** Copies the program of these sources to `outDir`. False: there is none that is whole. */
  take(outDir: string): Promise<boolean>;
  /** Keeps the files of `outDir` as the program of these sources, in place of all others. What cannot be kept is made again. */
  keep(outDir: string): Promise<void>;
}

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function addFiles(hash: Hash, path: string): Promise<void> {
  const isFolder = (await stat(path)).isDirectory();
  const entries = isFolder ? await readdir(path, { withFileTypes: true, recursive: true }) : [];
  const below = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const files = isFolder ? below.toSorted() : [path];
  const sums = await Promise.all(files.map(async (file) => sumOf(await readFile(file))));
  for (const [at, file] of files.entries()) hash.update(`${file.slice(path.length)}\0${sums[at] ?? ''}\0`);
}

/**
 * Says by its bytes what a program is made of: another host, SDK, zod or bundler is another key. `readable` is all that a host needs which
 * starts from the sources, so a program holds nothing else. Undefined: there is no bundler.
 */
async function keyOf({ builder, hostEntry, readable, zodDir }: ProgramSources): Promise<string | undefined> {
  const bundler = findPackageJSON('rolldown', pathToFileURL(builder));
  if (bundler === undefined) return undefined;
  const hash = createHash('sha256');
  // An installed package is what its version says.
  const ofPackages = [bundler, join(zodDir, 'package.json')];
  const own = [builder, dirname(hostEntry), ...readable.filter((path) => path !== zodDir)];
  for (const path of [...ofPackages, ...own]) await addFiles(hash, path);
  return hash.digest('hex');
}

async function copyWhole(from: string, to: string): Promise<void> {
  const sums = JSON.parse(await readFile(join(from, SUMS_FILE), 'utf8')) as Record<string, string>;
  for (const [name, sum] of Object.entries(sums)) {
    const bytes = await readFile(join(from, name));
    if (sumOf(bytes) !== sum) throw new Error(`${name} is not what was kept`);
    await writeFile(join(to, basename(name)), bytes);
  }
}

async function copyWithSums(from: string, to: string): Promise<void> {
  const sums: Record<string, string> = {};
  for (const name of await readdir(from)) {
    const bytes = await readFile(join(from, name));
    sums[name] = sumOf(bytes);
    await writeFile(join(to, name), bytes);
  }
  await writeFile(join(to, SUMS_FILE), JSON.stringify(sums));
}

/** @param home absolute; the platform's own folder, which no host may write. Undefined where there is nothing to know a program by. */
export async function openKeptPrograms(
  home: string,
  sources: ProgramSources,
): Promise<KeptPrograms | undefined> {
  const key = await keyOf(sources).catch(() => undefined);
  if (key === undefined) return undefined;
  const kept = join(home, key);
  return {
    async take(outDir) {
      try {
        await copyWhole(kept, outDir);
        return true;
      } catch {
        return false;
      }
    },
    async keep(outDir) {
      let making: string | undefined;
      try {
        await mkdir(home, { recursive: true });
        making = await mkdtemp(join(home, MAKING));
        await copyWithSums(outDir, making);
        // Whoever copies one of these meanwhile finds it not whole and makes its own.
        const others = (await readdir(home)).filter((name) => !name.startsWith(MAKING));
        for (const name of others) await rm(join(home, name), { recursive: true, force: true });
        await rename(making, kept);
      } catch {
        // A full disk, or another runner was first.
        if (making !== undefined) await rm(making, { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}
