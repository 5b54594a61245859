/** The two times a program needs. Everything that reads a clock takes one of these as an argument (a test passes its own). */
export interface Clock {
  /** Wall time in milliseconds since the epoch. May jump; only for showing and storing. */
  now(): number;
  /** Milliseconds that only grow. For deadlines, leases and durations. */
  monotonic(): number;
}

/** The machine's own clocks. Only composition roots and tests name it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
