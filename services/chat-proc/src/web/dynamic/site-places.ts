import { PlatformError } from '@switchyard/kernel';

export interface PlaceLimits {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

interface Waiter {
  readonly grant: () => void;
}

interface Line {
  running: number;
  readonly waiters: Set<Waiter>;
}

/**
 * So many requests of each site at once, and a bounded line for the next ones, first in, first out. One site's flood fills its own line
 * and nobody else's, and what waits here has cost no more than its headers.
 */
export class SitePlaces {
  readonly #lines = new Map<string, Line>();
  readonly #waitMs: number;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Resolves with what gives the place back (safe to call twice). Rejects WEB_BUSY when the line is full or the wait too long, CANCELLED at an abort. */
  async take(site: string, limits: PlaceLimits, signal: AbortSignal): Promise<() => void> {
    const line = this.#lines.get(site) ?? { running: 0, waiters: new Set<Waiter>() };
    this.#lines.set(site, line);
    if (line.running >= limits.maxRunning) {
      if (line.waiters.size >= limits.maxWaiting) throw busy();
      await this.#wait(line, signal);
    } else line.running += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#release(site, line, limits.maxRunning);
    };
  }

  count(site: string): { running: number; waiting: number } {
    const line = this.#lines.get(site);
    return { running: line?.running ?? 0, waiting: line?.waiters.size ?? 0 };
  }

  /** The place goes over to the next in line without becoming free in between: nobody can overtake. */
  #release(site: string, line: Line, maxRunning: number): void {
    const [next] = line.waiters;
    if (next !== undefined && line.running <= maxRunning) return next.grant();
    line.running -= 1;
    if (line.running === 0 && line.waiters.size === 0) this.#lines.delete(site);
  }

  #wait(line: Line, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        line.waiters.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        act();
      };
      const waiter: Waiter = { grant: () => settle(resolve) };
      const abort = (): void => settle(() => reject(PlatformError.of('CANCELLED')));
      const timer = setTimeout(() => settle(() => reject(busy())), this.#waitMs);
      signal.addEventListener('abort', abort, { once: true });
      line.waiters.add(waiter);
      if (signal.aborted) abort();
    });
  }
}

function busy(): PlatformError {
  return PlatformError.of('WEB_BUSY', undefined, { retryAfterSec: 2 });
}
