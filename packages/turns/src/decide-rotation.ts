import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';

/**
 * The order in which a worker asks the lanes, as one cycle: each lane as often as its weight says, spread as evenly as can be
 * (smooth weighted round robin). With every weight above zero no lane waits longer than one cycle.
 */
export function decideRotation(weights: readonly number[]): UserType[] {
  const lanes = USER_TYPES.map((lane, index) => ({ lane, weight: weights[index] ?? 0, credit: 0 }));
  if (lanes.some(({ weight }) => !Number.isInteger(weight) || weight < 1))
    throw new RangeError('a lane without weight would starve');
  const total = lanes.reduce((sum, { weight }) => sum + weight, 0);
  return Array.from({ length: total }, () => {
    for (const entry of lanes) entry.credit += entry.weight;
    const next = lanes.reduce((best, entry) => (entry.credit > best.credit ? entry : best));
    next.credit -= total;
    return next.lane;
  });
}
