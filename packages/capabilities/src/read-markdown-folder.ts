import { lstat, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { hashHex } from '@switchyard/kernel';

export interface MarkdownFile {
  /** Relative to the folder, with `/`. */
  path: string;
  text: string;
  /** SHA-256 of the bytes, 64 hex characters. */
  sha256: string;
}

const MAX_FILES = 5_000;
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/**
 * Every markdown file of a folder, sorted by path. Links, names with a leading dot and `node_modules` are left out, as are files over 2 MiB
 * (told to `onSkipped`). A folder that does not exist has no files.
 */
export async function readMarkdownFolder(
  dir: string,
  onSkipped: (path: string) => void,
): Promise<MarkdownFile[]> {
  const files: MarkdownFile[] = [];
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(path.join(dir, relative), { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const inside = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) await visit(inside);
      else if (entry.isFile() && /\.md$/iu.test(entry.name)) {
        const { size } = await lstat(path.join(dir, inside));
        if (size > MAX_FILE_BYTES || files.length >= MAX_FILES) onSkipped(inside);
        else files.push(await readOne(dir, inside));
      }
    }
  };
  const found = await lstat(dir).catch(() => undefined);
  if (found?.isDirectory() === true) await visit('');
  return files;
}

async function readOne(dir: string, inside: string): Promise<MarkdownFile> {
  const bytes = await readFile(path.join(dir, inside));
  return { path: inside, text: bytes.toString('utf8'), sha256: hashHex(bytes) };
}
