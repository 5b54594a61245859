import { readFileSync, readdirSync } from 'node:fs';

/** A process of this machine; Linux only, as the machines that run chaos are. */
interface Found {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

const readProcess = (pid: number): Found | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), command };
  } catch {
    return undefined; // gone while we looked
  }
};

const readProcesses = (): Found[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);

/** Everything that a process has begun, and what that has begun. */
const descendantsOf = (pid: number, all: readonly Found[]): Found[] =>
  all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...descendantsOf(child.pid, all)]);

const isHost = ({ command }: Found): boolean =>
  / \S*packages\/runner\/host\/main\.ts /.test(command) && !/(^| )bwrap /.test(command);

/** The bundle hosts of a proc. */
export const findHosts = (procPid: number): number[] =>
  descendantsOf(procPid, readProcesses())
    .filter(isHost)
    .map(({ pid }) => pid);

/** Bundle hosts whose proc is gone. */
export const findOrphanHosts = (hostFolder: string, procPids: readonly number[]): number[] => {
  const all = readProcesses();
  const owned = new Set(procPids.flatMap((pid) => descendantsOf(pid, all).map((each) => each.pid)));
  return all
    .filter((each) => isHost(each) && each.command.includes(hostFolder) && !owned.has(each.pid))
    .map(({ pid }) => pid);
};
