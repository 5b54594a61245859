import { PlaceLine } from '@switchyard/kernel';
import type { PlaceLimits } from '@switchyard/kernel';
import { ApiError } from './api-error.ts';

export const ALREADY_RUNNING = 'already running a prediction';

const WHY = { taken: undefined, full: 'the line is full', late: 'waited for too long' } as const;

/** Places for predictions at once: who has none is told 409. */
export function createPredictionLine(limits: Omit<PlaceLimits, 'refuse'>): PlaceLine {
  const refuse = (why: keyof typeof WHY) => new ApiError(409, ALREADY_RUNNING, WHY[why]);
  return new PlaceLine({ ...limits, places: () => limits.places(), refuse });
}
