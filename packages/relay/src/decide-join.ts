import { compareLogIds, followsPosition, isUnbrokenSilence, parseLogId } from './log-id.ts';

/** What is known of a log at the moment a stream joins it. */
export interface LogView {
  /** Epoch of the Redis that serves now; 0 while the data belongs to no Redis or to another one. */
  epoch: number;
  /** Everything up to here is or was in the log; everything after it arrives live. Of an empty log: a time-like position of now. */
  position: string;
  /** The server's time as a position, without a margin: how long an empty log has been silent. */
  time: string;
  /** The oldest entry that is still there. */
  first?: { logId: string; prev: string };
}

export type Join =
  | { kind: 'fresh'; from: string }
  /** Proven: nothing between the client's id and the log was lost. */
  | { kind: 'resume'; from: string }
  | { kind: 'resync'; from: string; why: 'not_an_id' | 'other_epoch' | 'ahead_of_log' | 'log_too_short' };

/** Where a stream goes on, and whether it may say that nothing is missing (03, Resume). Pure; `ttlMs` is the log's life after its last event. */
export function decideJoin(lastEventId: string | undefined, log: LogView, ttlMs: number): Join {
  if (lastEventId === undefined) return { kind: 'fresh', from: log.position };
  const resync = (why: (Join & { kind: 'resync' })['why']): Join => ({
    kind: 'resync',
    from: log.position,
    why,
  });
  const given = parseLogId(lastEventId);
  if (given === undefined) return resync('not_an_id');
  if (given.epoch !== log.epoch) return resync('other_epoch');
  if (compareLogIds(lastEventId, log.position) > 0) return resync('ahead_of_log');
  // The log is a suffix of all that happened: an entry at or before the client's id proves that all after it are here.
  const isProven =
    log.first === undefined
      ? isUnbrokenSilence(lastEventId, log.time, ttlMs)
      : compareLogIds(log.first.logId, lastEventId) <= 0 || followsPosition(log.first, lastEventId, ttlMs);
  return isProven ? { kind: 'resume', from: lastEventId } : resync('log_too_short');
}
