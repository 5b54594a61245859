/** Departures from the default order in one schedule that are not faults. */
export const PREEMPTIONS = 3;

/** Set by hand or by `--deep`: as long as this instead of a count of schedules. */
export const deepSeconds = Number(process.env['MODEL_SECONDS'] ?? 0);

/** Whether a part has done enough after so many schedules: a count, the same on every machine; by hand a share of the time. */
export function createBudget(schedules: number, seconds: number): (done: number) => boolean {
  if (deepSeconds === 0) return (done) => done >= schedules;
  const endsAt = performance.now() + seconds * 1000;
  return () => performance.now() >= endsAt;
}

/** The test runner's limit for a part: generous, since a slow machine does as much as a fast one. */
export const limitMs = (seconds: number): number => 600_000 + seconds * 1000;
