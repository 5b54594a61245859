/** What both sides stream as the answer: ten deltas. */
export const DELTAS = [
  'one ',
  'two ',
  'three ',
  'four ',
  'five ',
  'six ',
  'seven ',
  'eight ',
  'nine ',
  'ten',
] as const;
