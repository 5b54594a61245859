import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A pid alone can be reused by the system; together with the start time it names one process for good. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: clock ticks since boot on Linux, `ps` start time elsewhere. */
  readonly startedAt: string;
}

const START_TIME_FIELD = 19;

const linuxStartTime = (pid: number): string | undefined => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command name is in parentheses and may hold blanks and parentheses itself: fields are counted after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[START_TIME_FIELD];
};

/** Start time of a living process; undefined when there is none (a zombie counts as gone). */
const startTime = (pid: number): string | undefined => {
  try {
    if (process.platform === 'linux') return linuxStartTime(pid);
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
};

export const identify = (pid: number): ProcessIdentity | undefined => {
  const startedAt = startTime(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
};

export const isAlive = (identity: ProcessIdentity): boolean => startTime(identity.pid) === identity.startedAt;

/** Signals the process only if it still is the one that was recorded. Returns whether the signal was sent. */
export const signalProcess = (identity: ProcessIdentity, signal: NodeJS.Signals): boolean => {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
};

const POLL_MS = 25;

/** Resolves true as soon as the process is gone, false after `limitMs`. Works for processes that are not our children. */
export const waitGone = async (identity: ProcessIdentity, limitMs: number): Promise<boolean> => {
  const until = performance.now() + limitMs;
  while (isAlive(identity)) {
    if (performance.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
};

/** Asks with `signal`, waits, then kills. Never touches a process that took over the pid. */
export const endProcess = async (
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> => {
  if (!signalProcess(identity, signal)) return;
  if (await waitGone(identity, graceMs)) return;
  signalProcess(identity, 'SIGKILL');
  await waitGone(identity, 2_000);
};
