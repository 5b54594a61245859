/** Arrivals at a fixed rate, whatever the answers do: a slow answer does not slow the next question (no coordinated omission). */
export interface OpenLoop {
  ratePerSecond: number;
  seconds: number;
  /** `dueMs` is when the arrival should have happened, on `performance.now()`: latencies count from it. */
  fire(index: number, dueMs: number): void;
}

/** Resolves when the last arrival was fired; the caller waits for the answers. */
export async function runOpenLoop({ ratePerSecond, seconds, fire }: OpenLoop): Promise<number> {
  const count = Math.round(ratePerSecond * seconds);
  const start = performance.now() + 20;
  for (let index = 0; index < count; index++) {
    const due = start + (index * 1000) / ratePerSecond;
    // A timer is late by up to a millisecond; the last stretch is waited for in the event loop.
    const wait = due - performance.now() - 1;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
    fire(index, due);
  }
  return count;
}
