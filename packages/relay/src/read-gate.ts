/** Lets so many reads go at once; the others wait in line. */
export interface ReadGate {
  run<T>(read: () => Promise<T>): Promise<T>;
  readonly counts: Readonly<{ active: number; peak: number; total: number }>;
}

/**
 * After a restart everybody comes back at once, and after a lost subscriber connection every session reads its log: the
 * answers of all these reads together must not fill the memory, nor stand before the commands of people who write.
 * Who waits here is bounded by the open streams.
 */
export function createReadGate(maxActive: number): ReadGate {
  const waiting: (() => void)[] = [];
  const counts = { active: 0, peak: 0, total: 0 };
  return {
    counts,
    async run(read) {
      if (counts.active >= maxActive) await new Promise<void>((resolve) => waiting.push(resolve));
      else counts.active += 1;
      counts.peak = Math.max(counts.peak, counts.active);
      counts.total += 1;
      try {
        return await read();
      } finally {
        // The place goes from hand to hand: nobody who comes now can slip in between.
        const next = waiting.shift();
        if (next === undefined) counts.active -= 1;
        else next();
      }
    },
  };
}
