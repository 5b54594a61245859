/** A position in a session's event log: `<epoch>-<seq>`. `seq` is time-like: microseconds of Redis' clock, or one more than the last. */
export interface LogPosition {
  readonly epoch: number;
  readonly seq: number;
}

/** `prev` of the first entry of an empty log. */
export const LOG_START = '0-0';

// 2^53 microseconds is the year 2255, so both halves are exact numbers.
const EPOCH_DIGITS = 10;
const SEQ_DIGITS = 16;
const DASH = 45;

/** By hand and without an expression: every event of every session passes here. */
export function parseLogId(id: string): LogPosition | undefined {
  const dash = id.indexOf('-');
  const epoch = readDigits(id, 0, dash, EPOCH_DIGITS);
  if (epoch < 0) return undefined;
  const seq = readDigits(id, dash + 1, id.length, SEQ_DIGITS);
  return seq < 0 ? undefined : { epoch, seq };
}

/** The number in `text` between two places; -1 where there is something else, nothing, or more than so many digits. */
function readDigits(text: string, from: number, to: number, most: number): number {
  if (to <= from || to - from > most) return -1;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
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

/** Whether two ids begin with the same epoch, by their text. */
export function isSameEpoch(a: string, b: string): boolean {
  const dash = a.indexOf('-');
  if (b.charCodeAt(dash) !== DASH) return false;
  for (let at = 0; at < dash; at += 1) if (a.charCodeAt(at) !== b.charCodeAt(at)) return false;
  return dash > 0;
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
