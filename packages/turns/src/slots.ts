/** The right to run turns. A slot is reserved before a pop is issued, so that nothing is claimed that cannot run (02). */
export interface Slots {
  readonly total: number;
  /** Reserved and running. */
  used(): number;
  free(): number;
  /** Takes up to `count`; returns how many it got. */
  reserve(count: number): number;
  release(count: number): void;
  /** Resolves at the next release. */
  changed(): Promise<void>;
}

export function createSlots(total: number): Slots {
  let used = 0;
  let waiters: (() => void)[] = [];
  return {
    total,
    used: () => used,
    free: () => total - used,
    reserve: (count) => {
      const got = Math.max(0, Math.min(count, total - used));
      used += got;
      return got;
    },
    release: (count) => {
      used -= count;
      if (count === 0) return;
      for (const wake of waiters.splice(0)) wake();
    },
    changed: () => new Promise((resolve) => void (waiters = [...waiters, resolve])),
  };
}
