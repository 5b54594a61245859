import type { Deviation } from './schedule.ts';

/** A defect that the checker found, by the shortest schedule that shows it. */
export interface Found {
  /** What must not happen any more. */
  readonly name: string;
  readonly scenario: string;
  readonly deviations: readonly Deviation[];
}

export const FOUND: readonly Found[] = [
  {
    name: 'a message is folded by a commit that nobody heard of, and its turn completes without it',
    scenario: 'takeAway',
    deviations: [[10, 'W1:unknown']],
  },
  {
    name: 'a message is folded, Redis is another one at its take, and its turn completes without it',
    scenario: 'olderTake',
    deviations: [[10, 'older-1']],
  },
  {
    name: 'a rebuild that lost its lock drops the keys of the one that overtook it',
    scenario: 'rivals',
    deviations: [
      [7, 'restart'],
      [18, 'lock lost by RB'],
      [19, 'RB2'],
      [39, 'RB'],
    ],
  },
];
