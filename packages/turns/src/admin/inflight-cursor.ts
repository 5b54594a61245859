import { PlatformError } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';

/** Where a page of claims begins: so many claims of a lane, from the oldest, come before it. */
export interface InflightPosition {
  readonly lane: UserType;
  readonly offset: number;
}

export function encodeInflightCursor({ lane, offset }: InflightPosition): string {
  return `${lane}.${offset}`;
}

/** Throws INVALID_REQUEST for anything that `encodeInflightCursor` did not make. */
export function decodeInflightCursor(cursor: string): InflightPosition {
  const [, name, offset] = /^([a-z]+)\.(\d{1,9})$/.exec(cursor) ?? [];
  const lane = USER_TYPES.find((type) => type === name);
  if (lane === undefined || offset === undefined)
    throw PlatformError.of('INVALID_REQUEST', 'cursor: not a cursor of this list', {
      details: { field: 'cursor' },
    });
  return { lane, offset: Number(offset) };
}

export interface LaneSlice extends InflightPosition {
  readonly count: number;
}

/** Which claims a page shows, lane after lane, from the lengths of the lists; and where the next page begins. */
export function decideInflightPage(
  lengths: readonly { lane: UserType; length: number }[],
  from: InflightPosition | undefined,
  limit: number,
): { slices: LaneSlice[]; next: InflightPosition | undefined } {
  const slices: LaneSlice[] = [];
  let room = limit;
  const start = from === undefined ? 0 : lengths.findIndex(({ lane }) => lane === from.lane);
  for (const [index, { lane, length }] of lengths.entries()) {
    if (start === -1 || index < start) continue;
    const offset = index === start ? (from?.offset ?? 0) : 0;
    const left = Math.max(0, length - offset);
    if (left === 0) continue;
    if (room === 0) return { slices, next: { lane, offset } };
    const count = Math.min(room, left);
    slices.push({ lane, offset, count });
    room -= count;
    if (count < left) return { slices, next: { lane, offset: offset + count } };
  }
  return { slices, next: undefined };
}
