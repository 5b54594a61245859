import type { CheckOptions } from './check-options.ts';
import { checkCanaries } from './checks/canaries.ts';
import { checkEnds } from './checks/ends.ts';
import { checkFences } from './checks/fences.ts';
import { checkIdleness } from './checks/idleness.ts';
import { checkOrder } from './checks/order.ts';
import { checkPlaces } from './checks/places.ts';
import { checkRetries } from './checks/retries.ts';
import { checkRuns } from './checks/runs.ts';
import { checkStreams } from './checks/streams.ts';
import { checkTexts } from './checks/texts.ts';
import { indexHistory } from './history-index.ts';
import type { HistoryIndex } from './history-index.ts';
import type { HistoryRecord } from './records.ts';
import type { StoreView } from './store-view.ts';
import type { HistoryRule, Violation } from './violation.ts';

type Check = (index: HistoryIndex, options: CheckOptions) => string[];

const CHECKS: Readonly<Record<HistoryRule, Check>> = {
  ends: checkEnds,
  retries: checkRetries,
  order: checkOrder,
  streams: checkStreams,
  texts: checkTexts,
  runs: checkRuns,
  fences: checkFences,
  places: checkPlaces,
  canaries: checkCanaries,
  idleness: checkIdleness,
};

/** Every promise of the queue and of the stream that this run broke; empty when it kept them all. Looks at nothing but its arguments. */
export function checkHistory(
  records: readonly HistoryRecord[],
  stores: StoreView,
  options: CheckOptions = {},
): Violation[] {
  const index = indexHistory(records, stores);
  return Object.entries(CHECKS).flatMap(([rule, check]) =>
    check(index, options).map((message) => ({ rule: rule as HistoryRule, message })),
  );
}
