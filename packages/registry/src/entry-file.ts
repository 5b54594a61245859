import { PlatformError } from '@switchyard/kernel';
import { z } from 'zod';
import type { SourceFile } from './source-files.ts';

const CANDIDATES = [
  'bundle.ts',
  'bundle.js',
  'bundle.mjs',
  'index.ts',
  'index.js',
  'index.mjs',
  'src/bundle.ts',
  'src/index.ts',
  'src/index.js',
  // A predictor in Python; the first names its file.
  'cog.yaml',
  'predict.py',
];

const packageSchema = z.looseObject({
  main: z.string().optional(),
  switchyard: z.looseObject({ id: z.string().optional(), entry: z.string().optional() }).optional(),
});

/** What a bundle's `package.json` says to the registry; both may be absent. */
export interface PackageHints {
  id?: string;
  entry?: string;
}

/** @param text the content of `package.json`, undefined when there is none */
export function readPackageHints(text: string | undefined): PackageHints {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw PlatformError.of('UNPROCESSABLE', 'The package.json of the bundle is not valid JSON.');
  }
  const parsed = packageSchema.safeParse(value);
  if (!parsed.success)
    throw PlatformError.of('UNPROCESSABLE', 'The package.json of the bundle has fields of a wrong type.');
  const { id, entry = parsed.data.main } = parsed.data.switchyard ?? {};
  return {
    ...(id === undefined ? {} : { id }),
    ...(entry === undefined ? {} : { entry: entry.replace(/^\.\//u, '') }),
  };
}

/** The file that declares the bundle: what package.json names, else the first of the usual names. Relative to the folder. */
export function decideEntry(files: readonly SourceFile[], hints: PackageHints): string {
  const paths = new Set(files.map((file) => file.path));
  if (hints.entry !== undefined) {
    if (paths.has(hints.entry)) return hints.entry;
    throw PlatformError.of('UNPROCESSABLE', `The entry file "${hints.entry}" is not in the bundle.`);
  }
  const found = CANDIDATES.find((candidate) => paths.has(candidate));
  if (found !== undefined) return found;
  throw PlatformError.of(
    'UNPROCESSABLE',
    `The bundle has no entry file; looked for ${CANDIDATES.slice(0, 6).join(', ')}.`,
  );
}
