import { readFile, readdir } from 'node:fs/promises';

const KIB = 1024;
/** More than a sandbox may have of processes; a bound for the walk, not for the program. */
const MAX_PROCESSES = 20_000;

/** Of `/proc/<pid>/status`: pages that belong to the process, and those that it shares with others. Files that it maps are the system's. */
const COUNTED = /^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm;

/**
 * Bytes of memory of a process and everything below it, by the kernel's word. Children are looked for at each thread: one that a thread
 * started is listed there alone. 0 where the process is gone.
 */
export async function memoryOfTree(root: number): Promise<number> {
  let bytes = 0;
  const open = [root];
  for (let seen = 0; open.length > 0 && seen < MAX_PROCESSES; seen += 1) {
    const pid = open.pop() ?? root;
    const [own, below] = await Promise.all([memoryOf(pid), childrenOf(pid)]);
    bytes += own;
    open.push(...below);
  }
  return bytes;
}

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return [...status.matchAll(COUNTED)].reduce((sum, [, kib]) => sum + Number(kib) * KIB, 0);
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
