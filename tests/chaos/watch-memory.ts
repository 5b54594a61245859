import { readFileSync } from 'node:fs';
import type { FleetMember } from '@switchyard/testkit';

/** Resident memory of one member over the run, in MiB. */
export interface MemoryRow {
  readonly name: string;
  readonly lives: number;
  /** Of the longest life: after its first seconds, at its highest, at its end. */
  readonly longestSeconds: number;
  readonly early: number;
  readonly highest: number;
  readonly last: number;
}

interface Life {
  readonly pid: number;
  readonly samples: number[];
}

const EVERY_MS = 1000;
/** Loading and compiling is over by then. */
const EARLY_SAMPLES = 10;
const KIB_PER_MIB = 1024;

const residentMib = (pid: number): number | undefined => {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Math.round(Number(kib) / KIB_PER_MIB);
  } catch {
    return undefined;
  }
};

/** Samples every member once a second. `stop` answers what was seen. */
export const watchMemory = (members: readonly FleetMember[]): { stop: () => MemoryRow[] } => {
  const lives = new Map<string, Life[]>(members.map(({ name }) => [name, []]));
  const timer = setInterval(() => {
    for (const member of members) {
      const pid = member.current()?.identity.pid;
      const mib = pid === undefined ? undefined : residentMib(pid);
      if (pid === undefined || mib === undefined) continue;
      const own = lives.get(member.name) ?? [];
      const last = own.at(-1);
      if (last?.pid === pid) last.samples.push(mib);
      else own.push({ pid, samples: [mib] });
    }
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return [...lives].map(([name, own]) => {
        const longest = own.toSorted((left, right) => right.samples.length - left.samples.length)[0];
        const samples = longest?.samples ?? [0];
        return {
          name,
          lives: own.length,
          longestSeconds: (samples.length * EVERY_MS) / 1000,
          early: samples[Math.min(EARLY_SAMPLES, samples.length - 1)] ?? 0,
          highest: Math.max(...samples),
          last: samples.at(-1) ?? 0,
        };
      });
    },
  };
};
