import { readFileSync, readdirSync } from 'node:fs';

/** A process that was started for the figure. Those that it started count as `<name>` too, or under the name for its children. */
export interface MeteredProcess {
  readonly name: string;
  readonly pid: number;
  readonly childrenName?: string;
}

/** Of a process and of those that it waited for, in ticks; and who started it. */
interface Times {
  readonly parent: number;
  readonly ticks: number;
}

/** USER_HZ of every Linux that Node runs on. */
const MS_PER_TICK = 10;

/**
 * Milliseconds of processor time by name since it was made: what a turn costs, whatever else the machine does meanwhile. Of a tick of
 * 10 ms, so only for a few hundred turns and more. Undefined where there is no `/proc`.
 */
export function startCpuMeter(
  processes: readonly MeteredProcess[],
): () => Record<string, number> | undefined {
  const before = readTimes();
  return () => {
    const now = readTimes();
    if (before === undefined || now === undefined) return undefined;
    const ms: Record<string, number> = {};
    for (const [pid, { ticks }] of now) {
      const name = nameOf(pid, now, processes);
      if (name === undefined) continue;
      ms[name] = (ms[name] ?? 0) + (ticks - (before.get(pid)?.ticks ?? 0)) * MS_PER_TICK;
    }
    return ms;
  };
}

function nameOf(
  pid: number,
  times: ReadonlyMap<number, Times>,
  processes: readonly MeteredProcess[],
): string | undefined {
  const own = processes.find((each) => each.pid === pid);
  if (own !== undefined) return own.name;
  for (let at = times.get(pid)?.parent; at !== undefined && at > 1; at = times.get(at)?.parent) {
    const ancestor = processes.find((each) => each.pid === at);
    if (ancestor !== undefined) return ancestor.childrenName ?? ancestor.name;
  }
  return undefined;
}

function readTimes(): Map<number, Times> | undefined {
  if (process.platform !== 'linux') return undefined;
  const times = new Map<number, Times>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The command's name may hold blanks and parentheses: fields are counted after the last one.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
      times.set(Number(entry), { parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0) });
    } catch {
      // ended since the folder was read
    }
  }
  return times;
}
