import { readFile } from 'node:fs/promises';

/**
 * Whether the kernel would write this process' memory to a file when it crashes. A process cannot take that from itself in
 * Node; whoever starts it sets the limit (`ulimit -c 0`, `ulimits: core: 0`). Undefined where it cannot be told.
 */
export async function areCoreDumpsPossible(limitsFile = '/proc/self/limits'): Promise<boolean | undefined> {
  const text = await readFile(limitsFile, 'utf8').catch(() => '');
  const limit = /^Max core file size\s+(\S+)/m.exec(text)?.[1];
  return limit === undefined ? undefined : limit !== '0';
}
