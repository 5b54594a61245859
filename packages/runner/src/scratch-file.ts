import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { ProducedFile } from './invocation.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;

export interface OpenScratchFile extends ProducedFile {
  close(): Promise<void>;
}

/**
 * Opens a file that a host names, inside its scratch folder and nowhere else: each step of the path is opened by itself, none may be a
 * link, and what is opened is what is read, whatever happens to the names meanwhile. A file with a second name is refused: it may be
 * somebody else's. Throws TypeError or RangeError with the author's reason.
 */
export async function openScratchFile(
  scratchDir: string,
  path: string,
  maxBytes: number,
): Promise<OpenScratchFile> {
  const inside = isAbsolute(path) ? relative(scratchDir, path) : path;
  const steps = inside.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.length === 0 || steps.includes('..') || inside.includes('\0'))
    throw new TypeError(`the file "${path}" is not in the scratch folder`);
  const handle = await openStep(scratchDir, steps, path);
  try {
    const { size, nlink } = await readFacts(handle, path);
    if (nlink !== 1) throw new TypeError(`the file "${path}" is not the scratch folder's own`);
    if (size > maxBytes) throw new RangeError(`the file "${path}" is larger than ${maxBytes} bytes`);
    return {
      size,
      // To the size that was checked: the bundle may still write to it.
      bytes: () =>
        // An empty file has no last byte to name.
        handle.createReadStream({ start: 0, ...(size === 0 ? {} : { end: size - 1 }), autoClose: false }),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openStep(scratchDir: string, steps: readonly string[], path: string): Promise<FileHandle> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(scratchDir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    for (const [index, step] of steps.entries()) {
      const isLast = index === steps.length - 1;
      // Non-blocking: a pipe that nobody writes to must not hold proc.
      const flags = isLast ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK : O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
      const next = await open(join(`/proc/self/fd/${folder.fd}`, step), flags);
      if (isLast) return next;
      await folder.close();
      folder = next;
    }
    throw new TypeError(`"${path}" names no file`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    if (code === undefined) throw error;
    throw new TypeError(
      code === 'ENOENT' ? `there is no file "${path}"` : `the file "${path}" cannot be read (${code})`,
      { cause: error },
    );
  } finally {
    await folder?.close();
  }
}

async function readFacts(handle: FileHandle, path: string): Promise<{ size: number; nlink: number }> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new TypeError(`"${path}" is not a file`);
  return stat;
}
