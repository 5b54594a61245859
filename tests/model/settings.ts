/** Departures from the default order in one schedule that are not faults. */
export const PREEMPTIONS = 3;

/** A time of the run, in seconds; by hand any length. */
export function secondsOf(name: string, normal: number): number {
  return Number(process.env[name] ?? normal);
}
