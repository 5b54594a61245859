import type { LogEntry } from '@switchyard/protocol';
import type { EventLog, LogPage } from './event-log.ts';
import { compareLogIds, followsPosition, isUnbrokenSilence, parseLogId } from './log-id.ts';

export interface CatchUpOptions {
  log: Pick<EventLog, 'readAfter'>;
  sessionId: string;
  /** Exclusive. */
  from: string;
  /** Inclusive. */
  upTo: string;
  /** Entries of one read, at most. */
  pageSize: number;
  /** What one page should not be larger than, in bytes: the next one is asked for accordingly. */
  pageBytes: number;
  ttlMs: number;
}

// Of the first page nothing is known yet: 64 entries of a large answer are a few hundred kilobytes at most.
const FIRST_PAGE = 64;

/**
 * Pages of the log between two positions, proven gapless by the chain of `prev`; `'lost'` when the log was cut meanwhile.
 * A reader may take minutes over it, in which the log goes on being written, cut and expired: the end is proven as well,
 * by the first entry behind `upTo` or by a log that ends before it.
 */
export async function* readCatchUp(options: CatchUpOptions): AsyncGenerator<LogEntry[] | 'lost'> {
  const { log, sessionId, from, upTo, pageSize, pageBytes, ttlMs } = options;
  let position = from;
  let count = Math.min(FIRST_PAGE, pageSize);
  while (compareLogIds(position, upTo) < 0) {
    const page = await log.readAfter(sessionId, position, count);
    const owed: LogEntry[] = [];
    for (const entry of page.entries) {
      if (!followsPosition(entry, position, ttlMs)) return void (yield 'lost');
      if (compareLogIds(entry.logId, upTo) > 0) {
        if (owed.length > 0) yield owed;
        return;
      }
      owed.push(entry);
      position = entry.logId;
    }
    if (owed.length > 0) yield owed;
    // Also behind entries: the log of a Redis that came back older ends in the midst of what is owed.
    if (page.isEnd) return void (isProvenEnd(page, position, ttlMs) || (yield 'lost'));
    count = decidePageSize(page.entries, pageSize, pageBytes);
  }
}

/** The log ends at `position` or before it: because nothing was written (true), or may it be gone? */
export function isProvenEnd(page: LogPage, position: string, ttlMs: number): boolean {
  // A Redis that came back older than it was has a log that ends early, and another epoch.
  if (parseLogId(position)?.epoch !== parseLogId(page.time)?.epoch) return false;
  if (page.tail !== undefined) {
    return compareLogIds(page.tail.logId, position) <= 0 || followsPosition(page.tail, position, ttlMs);
  }
  return isUnbrokenSilence(position, page.time, ttlMs);
}

/** As many entries as should fit `pageBytes`, judged by the page before. Pure. */
export function decidePageSize(before: readonly LogEntry[], pageSize: number, pageBytes: number): number {
  const bytes = before.reduce((sum, entry) => sum + entry.data.length, 0);
  const fitting = Math.floor((pageBytes * before.length) / Math.max(1, bytes));
  return Math.max(1, Math.min(pageSize, fitting));
}
