import { OpenPlaces } from './open-places.ts';

/** Something under way that must not stand still for too long. */
export interface Moving {
  /** Grows with every byte, in either direction. */
  bytesMoved(): number;
  /** Told once. It is watched no longer then. */
  onSilent(): void;
}

/** What is watched, to be given back by `delete`. */
export interface Watched {
  readonly moving: Moving;
  readonly limitMs: number;
  /** Of its group's list. */
  place: number;
  bytes: number;
  quietSweeps: number;
}

export interface SilenceWatch {
  add(moving: Moving, limitMs: number): Watched;
  /** May be called again, and after it was told of its silence. */
  delete(watched: Watched): void;
  close(): void;
}

const SWEEPS_A_LIMIT = 4;
const SWEEP_MS_AT_MOST = 5000;

/** All with one limit. */
class Group {
  readonly #open = new OpenPlaces<Watched>();
  readonly #limitMs: number;
  readonly #timer: NodeJS.Timeout;

  constructor(limitMs: number) {
    const everyMs = Math.min(limitMs / SWEEPS_A_LIMIT, SWEEP_MS_AT_MOST);
    this.#limitMs = limitMs;
    this.#timer = setInterval(() => this.#sweep(Math.ceil(limitMs / everyMs)), everyMs);
    this.#timer.unref();
  }

  add(moving: Moving): Watched {
    const watched: Watched = { moving, limitMs: this.#limitMs, place: 0, bytes: -1, quietSweeps: 0 };
    watched.place = this.#open.add(watched);
    return watched;
  }

  delete(watched: Watched): void {
    this.#open.delete(watched.place, watched);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sweep(limit: number): void {
    this.#open.forEach((watched) => {
      const bytes = watched.moving.bytesMoved();
      if (bytes !== watched.bytes) {
        watched.bytes = bytes;
        watched.quietSweeps = 0;
      } else if ((watched.quietSweeps += 1) >= limit) {
        this.delete(watched);
        watched.moving.onSilent();
      }
    });
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
      return group.add(moving);
    },
    delete: (watched) => groups.get(watched.limitMs)?.delete(watched),
    close: () => {
      for (const group of groups.values()) group.close();
    },
  };
};
