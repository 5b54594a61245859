/** Something under way that must not stand still for too long. */
export interface Moving {
  /** Grows with every byte, in either direction. */
  bytesMoved(): number;
  /** Told once. It is watched no longer then. */
  onSilent(): void;
}

export interface SilenceWatch {
  add(moving: Moving, limitMs: number): void;
  delete(moving: Moving, limitMs: number): void;
  close(): void;
}

interface Seen {
  bytes: number;
  quietSweeps: number;
}

const SWEEPS_A_LIMIT = 4;
const SWEEP_MS_AT_MOST = 5000;

/** All with one limit. */
class Group {
  readonly #open = new Map<Moving, Seen>();
  readonly #timer: NodeJS.Timeout;

  constructor(limitMs: number) {
    const everyMs = Math.min(limitMs / SWEEPS_A_LIMIT, SWEEP_MS_AT_MOST);
    this.#timer = setInterval(() => this.#sweep(Math.ceil(limitMs / everyMs)), everyMs);
    this.#timer.unref();
  }

  add(moving: Moving): void {
    this.#open.set(moving, { bytes: -1, quietSweeps: 0 });
  }

  delete(moving: Moving): void {
    this.#open.delete(moving);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(limit: number): void {
    for (const [moving, seen] of this.#open) {
      const bytes = moving.bytesMoved();
      if (bytes !== seen.bytes) {
        seen.bytes = bytes;
        seen.quietSweeps = 0;
      } else if ((seen.quietSweeps += 1) >= limit) {
        this.#open.delete(moving);
        moving.onSilent();
      }
    }
  }
}

/**
 * Ends what is silent. One sweep looks at all of a limit, so that a request and a byte that passes cost next to nothing: a timer on the socket of
 * each request was 3 us of it. What is silent is ended at most two sweeps, of a quarter of the limit or 5 s, late, and never early.
 */
export const createSilenceWatch = (): SilenceWatch => {
  const groups = new Map<number, Group>();
  return {
    add: (moving, limitMs) => {
      let group = groups.get(limitMs);
      if (group === undefined) groups.set(limitMs, (group = new Group(limitMs)));
      group.add(moving);
    },
    delete: (moving, limitMs) => groups.get(limitMs)?.delete(moving),
    close: () => {
      for (const group of groups.values()) group.close();
    },
  };
};
