/** A position in a session's event log: `<epoch>-<seq>`. `seq` is time-like: microseconds of Redis' clock, or one more than the last. */
export interface LogPosition {
  readonly epoch: number;
  readonly seq: number;
}

/** `prev` of the first entry of an empty log. */
export const LOG_START = '0-0';

// 2^53 microseconds is the year 2255, so both halves are exact numbers.
const LOG_ID = /^(\d{1,10})-(\d{1,16})$/;

export function parseLogId(id: string): LogPosition | undefined {
  const match = LOG_ID.exec(id);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { epoch: Number(match[1]), seq: Number(match[2]) };
}

export function formatLogId({ epoch, seq }: LogPosition): string {
  return `${epoch}-${seq}`;
}

/** Negative, zero or positive, as `a` is before, at or after `b`. An id that cannot be read is before everything. */
export function compareLogIds(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [parseLogId(a) ?? { epoch: -1, seq: 0 }, parseLogId(b) ?? { epoch: -1, seq: 0 }];
  return left.epoch - right.epoch || left.seq - right.seq;
}

/**
 * Does this entry follow a reader who has everything up to `position`, with nothing between them? `prev` and `id` are
 * neighbours in the log, so a position at or after `prev` misses nothing. An entry that opened an empty log (`prev` 0-0)
 * follows when the log could not have held and lost anything meanwhile: it lives `ttlMs` after its last event.
 */
export function followsPosition(
  entry: { logId: string; prev: string },
  position: string,
  ttlMs: number,
): boolean {
  const [at, to] = [parseLogId(position), parseLogId(entry.logId)];
  if (at === undefined || to === undefined || at.epoch !== to.epoch) return false;
  if (entry.prev === LOG_START) return isUnbrokenSilence(position, entry.logId, ttlMs);
  return compareLogIds(entry.prev, position) <= 0;
}

// A server's clock may be set back by this much between two events without making a proof by time wrong.
export const CLOCK_MARGIN_MICROSECONDS = 5_000_000;

/**
 * An empty log at the time-like position `now`: can nothing after `position` have been written and expired again? A log
 * lives `ttlMs` after its last event, so whatever was written since would still be there.
 */
export function isUnbrokenSilence(position: string, now: string, ttlMs: number): boolean {
  const [at, to] = [parseLogId(position), parseLogId(now)];
  if (at === undefined || to === undefined || at.epoch !== to.epoch) return false;
  return to.seq - at.seq < ttlMs * 1000 - CLOCK_MARGIN_MICROSECONDS;
}

/** The position right before an entry: its forerunner is at or before it. */
export function positionBefore(logId: string): string {
  const at = parseLogId(logId);
  return at === undefined ? LOG_START : formatLogId({ epoch: at.epoch, seq: Math.max(0, at.seq - 1) });
}
