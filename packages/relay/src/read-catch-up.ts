import type { LogEntry } from '@switchyard/protocol';
import type { EventLog } from './event-log.ts';
import { compareLogIds, followsPosition } from './log-id.ts';

export interface CatchUpOptions {
  log: EventLog;
  sessionId: string;
  /** Exclusive. */
  from: string;
  /** Inclusive. */
  upTo: string;
  pageSize: number;
  ttlMs: number;
}

/** Pages of the log between two positions, proven gapless by the chain of `prev`; `'lost'` when the log was cut meanwhile. */
export async function* readCatchUp({
  log,
  sessionId,
  from,
  upTo,
  pageSize,
  ttlMs,
}: CatchUpOptions): AsyncGenerator<LogEntry[] | 'lost'> {
  let position = from;
  while (compareLogIds(position, upTo) < 0) {
    const page = await log.readBetween(sessionId, position, upTo, pageSize);
    for (const entry of page) {
      if (!followsPosition(entry, position, ttlMs)) return void (yield 'lost');
      position = entry.logId;
    }
    if (page.length > 0) yield page;
    if (page.length < pageSize) return;
  }
}
