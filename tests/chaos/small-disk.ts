import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A folder that can run full. */
export interface SmallDisk {
  readonly path: string;
  /** Undefined where the machine lets nobody mount: a full disk cannot be had there. */
  readonly fill?: () => Promise<void>;
  readonly free?: () => Promise<void>;
  close(): Promise<void>;
}

const run = promisify(execFile);
/** tmpfs counts in pages; what is written between the look and the change must fit too. */
const LEFT_BYTES = 16 * 1024;
const FILL_TRIES = 8;

const mountOptions = (bytes: number): string => `size=${bytes},mode=0755`;

/** A tmpfs of `megabytes` where that is allowed (root on Linux), else a plain folder. */
export const openSmallDisk = async (path: string, megabytes: number): Promise<SmallDisk> => {
  const size = megabytes * 1024 * 1024;
  await mkdir(path, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', mountOptions(size), 'tmpfs', path]);
  } catch {
    return { path, close: async () => {} };
  }
  const resize = (bytes: number) => run('mount', ['-o', `remount,${mountOptions(bytes)}`, path]);
  return {
    path,
    // Made no larger than what lies on it: as full as a disk can be, at once, without a byte written.
    fill: async () => {
      for (let tried = 1; ; tried += 1) {
        const { blocks, bfree, bsize } = await statfs(path);
        try {
          await resize((blocks - bfree) * bsize + LEFT_BYTES * tried ** 2);
          return;
        } catch (error) {
          if (tried === FILL_TRIES) throw error;
        }
      }
    },
    free: async () => void (await resize(size)),
    close: async () => {
      await run('umount', ['-l', path]);
    },
  };
};
