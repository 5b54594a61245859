import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the code lies from which the program of hosts is made. Absolute. */
export interface ProgramSources {
  /** Entry file of the host program; its folder is readable. */
  readonly hostEntry: string;
  /** What `@switchyard/bundle-sdk` means inside a host. */
  readonly sdkEntry: string;
  /** What the SDK needs beside its entry: its package and its zod. */
  readonly readable: readonly string[];
  /** The folder of the SDK's zod. */
  readonly zodDir: string;
  /** The program that bundles all of this for hosts, run once at the start; where it fails hosts start from the sources. */
  readonly builder: string;
}

/** Where the platform's own code that a host may read lies. Absolute. */
export interface RunnerPaths extends Omit<ProgramSources, 'builder'> {
  /** The bundle that a host loads while it waits. */
  readonly sample: string;
  /** What hosts take for the names of zod; absent: files of `zodDir`. */
  readonly zodUrls?: Readonly<Record<string, string>>;
}

function folderOf(packageFile: string | undefined): string {
  if (packageFile === undefined) throw new Error('bundle-sdk and what it needs must be installed');
  return dirname(packageFile);
}

/** The copies that this package itself would import. */
export function locatePaths(): ProgramSources {
  const sdkEntry = fileURLToPath(import.meta.resolve('@switchyard/bundle-sdk'));
  const sdkPackage = findPackageJSON('..', sdkEntry);
  const zodDir = folderOf(findPackageJSON('zod', sdkEntry));
  const packageFile = join(import.meta.dirname, '../package.json');
  return {
    hostEntry: join(import.meta.dirname, '../host/main.ts'),
    sdkEntry,
    readable: [packageFile, folderOf(sdkPackage), zodDir],
    zodDir,
    builder: join(import.meta.dirname, 'host-program-build.ts'),
  };
}
