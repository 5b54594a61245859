import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the platform's own code that a host may read lies. Absolute. */
export interface RunnerPaths {
  /** Folder of the host program. */
  readonly hostDir: string;
  /** What `@switchyard/bundle-sdk` means inside a host, and the folder it may read for it. */
  readonly sdkEntry: string;
  readonly sdkDir: string;
  /** What `zod` means for the SDK, and for a bundle that brings none of its own. */
  readonly zodEntry: string;
  readonly zodDir: string;
}

/** The copies that this package itself would import. */
export function locatePaths(): RunnerPaths {
  const sdkEntry = fileURLToPath(import.meta.resolve('@switchyard/bundle-sdk'));
  const sdkPackage = findPackageJSON('..', sdkEntry);
  const zodPackage = findPackageJSON('zod', sdkEntry);
  if (sdkPackage === undefined || zodPackage === undefined) throw new Error('bundle-sdk and its zod must be installed');
  const zodDir = dirname(zodPackage);
  return { hostDir: join(import.meta.dirname, '../host'), sdkEntry, sdkDir: dirname(sdkPackage), zodEntry: join(zodDir, 'index.js'), zodDir };
}
