import type { BundleRecord } from '../history/records.ts';

interface Line extends Omit<BundleRecord, 'kind' | 'at'> {
  /** Nanoseconds of the machine's monotonic clock, as text. */
  readonly at: string;
}

/** Gathers what bundles say that they do from the log lines of their procs. */
export interface Journal {
  read(line: string): void;
  /** In the order in which it happened, across hosts: by the one clock that all processes of a machine share. */
  records(): BundleRecord[];
}

const MARK = 'journal {';
const NS_PER_MS = 1_000_000n;

/** A proc's log line that carries a journal line; undefined for every other. */
const parseLine = (line: string): Line | undefined => {
  if (!line.includes(MARK)) return undefined;
  const { text } = JSON.parse(line) as { text?: string };
  const at = text?.indexOf(MARK) ?? -1;
  if (text === undefined || at < 0) return undefined;
  return JSON.parse(text.slice(at + MARK.length - 1)) as Line;
};

export const createJournal = (): Journal => {
  const lines: Line[] = [];
  return {
    read: (line) => {
      const found = parseLine(line);
      if (found !== undefined) lines.push(found);
    },
    records: () =>
      lines
        .map((line) => ({ line, at: BigInt(line.at) }))
        .toSorted((left, right) => (left.at < right.at ? -1 : 1))
        .map(({ line, at }) => ({ ...line, kind: 'bundle', at: Number(at / NS_PER_MS) })),
  };
};
