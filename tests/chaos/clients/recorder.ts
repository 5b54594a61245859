import type { HistoryRecord } from '../../history/records.ts';

type WithoutTime<T> = T extends unknown ? Omit<T, 'at'> : never;

/** Keeps what clients do and see, in the order in which this process saw it. */
export interface Recorder {
  add(record: WithoutTime<HistoryRecord>): void;
  readonly records: readonly HistoryRecord[];
  /** How often a thing happened that is no record, as an answer by its status. */
  count(what: string): void;
  readonly counts: ReadonlyMap<string, number>;
}

export const createRecorder = (now: () => number): Recorder => {
  const records: HistoryRecord[] = [];
  const counts = new Map<string, number>();
  return {
    records,
    counts,
    add: (record) => void records.push({ ...record, at: now() }),
    count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
  };
};
