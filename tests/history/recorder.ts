import type { HistoryRecord } from './records.ts';

type Unstamped<R> = R extends HistoryRecord ? Omit<R, 'at'> : never;

/** Keeps what happened, in the order in which it is told. */
export interface Recorder {
  record(what: Unstamped<HistoryRecord>): void;
  all(): HistoryRecord[];
}

export const createRecorder = (now: () => number): Recorder => {
  const records: HistoryRecord[] = [];
  return {
    record: (what) => void records.push({ at: now(), ...what }),
    all: () => [...records],
  };
};
