/**
 * Log ids: `<epoch>-<seq>`, the position of an event in its session's log and the `id` of its SSE frame.
 * `seq` is a number of microseconds and may come near 2^53, so it is compared as text, never as a number.
 */
interface LogPosition {
  epoch: string;
  seq: string;
}

function parse(logId: string): LogPosition {
  const cut = logId.indexOf('-');
  return cut < 0 ? { epoch: '0', seq: logId } : { epoch: logId.slice(0, cut), seq: logId.slice(cut + 1) };
}

function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Negative, zero or positive, as `a` lies before, at or after `b`. A later epoch lies after all of an earlier one. */
export function compareLogIds(a: string, b: string): number {
  const left = parse(a);
  const right = parse(b);
  return compareDigits(left.epoch, right.epoch) || compareDigits(left.seq, right.seq);
}

/** Is `logId` news for somebody who has everything up to `position`? No position: everything is news. */
export function isAfter(logId: string, position: string | undefined): boolean {
  return position === undefined || compareLogIds(logId, position) > 0;
}
