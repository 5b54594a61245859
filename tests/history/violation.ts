/** The rules, by the promise that each of them holds (tests/history/README.md). */
export type HistoryRule =
  | 'ends'
  | 'retries'
  | 'order'
  | 'streams'
  | 'texts'
  | 'runs'
  | 'fences'
  | 'places'
  | 'canaries'
  | 'idleness';

/** One promise that a run broke. */
export interface Violation {
  readonly rule: HistoryRule;
  readonly message: string;
}
