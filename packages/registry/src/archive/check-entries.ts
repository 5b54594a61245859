import { PlatformError } from '@switchyard/kernel';
import type { SourceLimits } from '../source-files.ts';
import type { ArchiveEntry } from './archive-entry.ts';

const MAX_PATH_BYTES = 1000;
/** Source packs to a tenth or a twentieth. What packs a hundred times better was made to unpack. */
const MAX_RATIO = 100;
/** Small archives of one repeated letter are no danger. */
const RATIO_FROM_BYTES = 1024 * 1024;

/** What an archive may hold, and what becomes of it. */
export interface ArchiveRules {
  readonly limits: Omit<SourceLimits, 'maxDepth'>;
  /** False: a single folder that holds everything is left away. */
  readonly isFolderKept: boolean;
  /** Files that are not unpacked, by their path with `/`; they count all the same. */
  readonly isLeftOut?: (target: string) => boolean;
}

/** Where a file of an archive goes. */
export interface PlannedFile {
  /** As the archive says it. */
  readonly path: string;
  /** Relative, safe, with `/`. */
  readonly target: string;
}

/**
 * Looks at all that an archive says it holds, before a byte of it is written (04): numbers, sizes, ratio, kinds, paths, and names
 * that one file system tells apart and another does not. Throws UNPROCESSABLE.
 *
 * @param archiveBytes size of the archive itself
 */
export function planFiles(
  entries: readonly ArchiveEntry[],
  archiveBytes: number,
  { limits, isFolderKept, isLeftOut = () => false }: ArchiveRules,
): PlannedFile[] {
  if (entries.length > limits.maxFiles * 2) throw refuse(`more than ${limits.maxFiles * 2} entries`);
  const files: PlannedFile[] = [];
  let total = 0;
  for (const { path, kind, size } of entries) {
    const target = safePath(path);
    if (kind === 'link') throw refuse('links are not allowed', path);
    if (kind === 'other') throw refuse('only plain files and folders are allowed', path);
    if (kind === 'folder') continue;
    total += size;
    if (size > limits.maxFileBytes) throw refuse(`a file is larger than ${limits.maxFileBytes} bytes`, path);
    if (total > limits.maxTotalBytes) throw refuse(`more than ${limits.maxTotalBytes} bytes in all`, path);
    if (!isLeftOut(target)) files.push({ path, target });
  }
  if (files.length > limits.maxFiles) throw refuse(`more than ${limits.maxFiles} files`);
  if (files.length === 0) throw refuse('it holds no files');
  if (total > RATIO_FROM_BYTES && total > archiveBytes * MAX_RATIO)
    throw refuse(`it unpacks to more than ${MAX_RATIO} times its size`);
  refuseClashes(files);
  return isFolderKept ? files : withoutCommonFolder(files);
}

function safePath(path: string): string {
  if (path.includes('\0') || path.includes('\\'))
    throw refuse('a path has characters that are not allowed', path);
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw refuse('a path is absolute', path);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw refuse('a path is too long', path.slice(0, 80));
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw refuse('a path leads out of the archive', path);
  return segments.join('/');
}

/** Files that are one file elsewhere, and a file where another needs a folder. */
function refuseClashes(files: readonly PlannedFile[]): void {
  const fold = (text: string): string => text.normalize('NFC').toLowerCase();
  const seen = new Map<string, string>();
  for (const { path, target } of files) {
    const other = seen.get(fold(target));
    if (other !== undefined) throw refuse(`the name clashes with ${other}`, path);
    seen.set(fold(target), path);
  }
  for (const { path, target } of files) {
    const segments = fold(target).split('/');
    for (let depth = 1; depth < segments.length; depth += 1) {
      const folder = seen.get(segments.slice(0, depth).join('/'));
      if (folder !== undefined) throw refuse(`it lies below ${folder}, which is a file`, path);
    }
  }
}

/** `bundle-1.0/bundle.ts` and nothing beside it: the archive was made of the folder and not of what is in it. */
function withoutCommonFolder(files: readonly PlannedFile[]): PlannedFile[] {
  const [first] = files;
  const at = first?.target.indexOf('/') ?? -1;
  const folder = first?.target.slice(0, at + 1) ?? '';
  if (at < 0 || !files.every(({ target }) => target.startsWith(folder))) return [...files];
  return files.map(({ path, target }) => ({ path, target: target.slice(folder.length) }));
}

function refuse(reason: string, where?: string): PlatformError {
  const at = where === undefined ? '' : ` (${where})`;
  return PlatformError.of(
    'UNPROCESSABLE',
    `The archive was refused: ${reason}${at}.`,
    where === undefined ? {} : { details: { path: where } },
  );
}
