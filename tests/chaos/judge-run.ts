import { checkHistory } from '../history/check-history.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { StoreView } from '../history/store-view.ts';
import type { Violation } from '../history/violation.ts';
import type { FaultLog } from './fault-log.ts';

/** Ids that a message of the checker may name. */
const TURN = /turn_[\w-]+/g;
const NEARBY_MS = 8000;
const SHOWN_VIOLATIONS = 20;
const SHOWN_RECORDS = 60;
const SHOWN_TEXT = 160;

/** Everything that this turn was: its row, its log, what clients and the bundle say, and the faults around it. */
const describeTurn = (
  turn: string,
  records: readonly HistoryRecord[],
  stores: StoreView,
  faults: FaultLog,
): string[] => {
  const own = records.filter((record) => record.kind !== 'fetched' && JSON.stringify(record).includes(turn));
  const times = own.map(({ at }) => at);
  const [from, to] = [Math.min(...times) - NEARBY_MS, Math.max(...times) + NEARBY_MS];
  const log = Object.values(stores.logs).flatMap((entries) => entries.filter((entry) => entry.turn === turn));
  const show = (value: unknown): string => JSON.stringify(value).slice(0, SHOWN_TEXT);
  return [
    `  row: ${show(stores.rows.find((row) => row.turn === turn) ?? 'none')}`,
    `  log: ${log.map(({ id, event }) => `${event} ${id}`).join(', ') || 'nothing'}`,
    ...own.slice(0, SHOWN_RECORDS).map((record) => `  ${record.at} ${show(record)}`),
    ...(own.length > SHOWN_RECORDS ? [`  and ${own.length - SHOWN_RECORDS} more records`] : []),
    ...faults.lines
      .filter(({ at }) => at >= from && at <= to)
      .map(({ at, line }) => `  ${Math.round(at)} FAULT ${line}`),
  ];
};

const LOSSES = /redis-(killed-everysec|flushed|disk-full) redis (begins|ends|is made good)/;
const MS_PER_SECOND = 1000;
/** An epoch is named by the second of its rebuild, or by one more than the last. */
const EPOCH_SLACK = 2;

/** Seconds at which Redis may have lost what it had. */
const lossesOf = ({ lines }: FaultLog): number[] =>
  lines.flatMap(({ at, line }) => (LOSSES.test(line) ? [at / MS_PER_SECOND] : []));

export const judgeRun = (
  records: readonly HistoryRecord[],
  stores: StoreView,
  faults: FaultLog,
): Violation[] => {
  const losses = lossesOf(faults);
  const found = checkHistory(
    records,
    // Once Redis came back with less than it had, no log of the run is known to be whole.
    { ...stores, cutSessions: losses.length === 0 ? [] : sessionsOf(stores) },
    {
      forgotBetween: (older, newer) =>
        losses.some((second) => older <= second + EPOCH_SLACK && second - EPOCH_SLACK <= newer),
    },
  );
  // What every look at Redis shows again is said once.
  return [...new Map(found.map((violation) => [violation.message, violation])).values()];
};

const sessionsOf = ({ rows }: StoreView): string[] => [...new Set(rows.map(({ session }) => session))];

/** For a person who wants to know why. */
export const describeViolations = (
  violations: readonly Violation[],
  records: readonly HistoryRecord[],
  stores: StoreView,
  faults: FaultLog,
): string => {
  const seen = new Set<string>();
  const shown = violations.slice(0, SHOWN_VIOLATIONS).flatMap(({ rule, message }) => {
    const turns = [...new Set(message.match(TURN) ?? [])].filter((turn) => !seen.has(turn));
    for (const turn of turns) seen.add(turn);
    return [
      `${rule}: ${message}`,
      ...turns.flatMap((turn) => [` ${turn}`, ...describeTurn(turn, records, stores, faults)]),
    ];
  });
  const more = violations.length - SHOWN_VIOLATIONS;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
};
