import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';

/** What a bundle's source may hold. Everything over it is refused, never cut. */
export interface SourceLimits {
  maxFiles: number;
  maxFileBytes: number;
  maxTotalBytes: number;
  maxDepth: number;
}

/** A bundle is source and a few assets; what is larger belongs into storage. */
export const DEFAULT_SOURCE_LIMITS: SourceLimits = {
  maxFiles: 2_000,
  maxFileBytes: 25 * 1024 * 1024,
  maxTotalBytes: 100 * 1024 * 1024,
  maxDepth: 20,
};

export interface SourceFile {
  /** Relative to the source, with `/`, in NFC as it stands on disk. */
  path: string;
  size: number;
}

/**
 * The files that make a bundle, sorted by the bytes of their path (the order that the content hash is taken in). `node_modules` and names
 * that begin with a dot are left out: they differ between machines and are no part of what the author wrote.
 * A link is refused: it would be read as something else when the copy is served (04, host).
 */
export async function listSourceFiles(
  dir: string,
  limits: SourceLimits = DEFAULT_SOURCE_LIMITS,
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  let totalBytes = 0;
  const visit = async (relative: string, depth: number): Promise<void> => {
    if (depth > limits.maxDepth) throw refuse(`folders are nested deeper than ${limits.maxDepth}`, relative);
    for (const entry of await readdir(path.join(dir, relative), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const inside = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isSymbolicLink()) throw refuse('links are not allowed in a bundle', inside);
      if (entry.isDirectory()) await visit(inside, depth + 1);
      else if (entry.isFile()) {
        const { size } = await lstat(path.join(dir, inside));
        totalBytes += size;
        files.push({ path: inside, size });
        if (size > limits.maxFileBytes)
          throw refuse(`a file is larger than ${limits.maxFileBytes} bytes`, inside);
        if (files.length > limits.maxFiles) throw refuse(`more than ${limits.maxFiles} files`, inside);
        if (totalBytes > limits.maxTotalBytes)
          throw refuse(`more than ${limits.maxTotalBytes} bytes in all`, inside);
      } else throw refuse('only files and folders are allowed in a bundle', inside);
    }
  };
  await requireFolder(dir);
  await visit('', 0);
  if (files.length === 0) throw PlatformError.of('UNPROCESSABLE', 'The bundle folder is empty.');
  refuseFoldedClash(files);
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function requireFolder(dir: string): Promise<void> {
  const found = await lstat(dir).catch(() => undefined);
  if (found === undefined || !found.isDirectory())
    throw PlatformError.of('UNPROCESSABLE', 'The bundle source is not a folder.');
}

/** Two names that one file system tells apart and another does not would make two machines serve different code. */
function refuseFoldedClash(files: readonly SourceFile[]): void {
  const seen = new Map<string, string>();
  for (const file of files) {
    const folded = file.path.normalize('NFC').toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) throw refuse(`the name clashes with ${other}`, file.path);
    seen.set(folded, file.path);
  }
}

function refuse(reason: string, where: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `The bundle was refused: ${reason} (${where}).`, {
    details: { path: where },
  });
}
