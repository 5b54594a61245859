import { readFile } from 'node:fs/promises';

/** x64 and arm64 kernels that run Node use 4 KiB pages for statm; a larger page only makes the watchdog late, never early. */
const PAGE_BYTES = 4096;
/** setpriv and prlimit exec in place, bubblewrap stands two processes above node. */
const MAX_DEPTH = 3;

/**
 * Resident bytes of a process and those below it, by the kernel's word, not the host's own. Undefined where there is no
 * /proc, or the process is gone.
 */
export async function readResidentBytes(pid: number, depth = 0): Promise<number | undefined> {
  try {
    const statm = await readFile(`/proc/${pid}/statm`, 'utf8');
    const own = Number(statm.split(' ')[1]) * PAGE_BYTES;
    if (depth >= MAX_DEPTH) return own;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
    const below = await Promise.all(
      children === '' ? [] : children.split(' ').map((child) => readResidentBytes(Number(child), depth + 1)),
    );
    return below.reduce<number>((sum, bytes) => sum + (bytes ?? 0), own);
  } catch {
    return undefined;
  }
}
