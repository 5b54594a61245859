import parseRange from 'range-parser';

export interface Part {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

export type RangeVerdict = 'whole' | 'unsatisfiable' | readonly Part[];

/** More than these is no reader but an attempt to make us work: the whole file is sent instead, which RFC 9110 allows. */
const MAX_PARTS = 16;
const MAX_HEADER = 1000;

/** What of a file is asked for. Overlapping parts are one, so that no byte is ever sent twice. */
export function decideRanges(header: string, size: number): RangeVerdict {
  if (header.length > MAX_HEADER || !/^bytes\s*=/iu.test(header)) return 'whole';
  if (header.split(',').length > MAX_PARTS) return 'whole';
  const parsed = parseRange(size, header, { combine: true });
  if (parsed === -2) return 'whole';
  if (parsed === -1) return 'unsatisfiable';
  if (parsed.type !== 'bytes' || parsed.length === 0) return 'whole';
  return parsed.map(({ start, end }) => ({ start, end }));
}
