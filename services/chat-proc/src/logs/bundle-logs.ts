/** One line of what a bundle wrote, or of what happened to it. */
export interface LogEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  /** Version, invocation, conversation, turn and the like, where the line has them. */
  readonly [field: string]: unknown;
}

/** What a reader has not seen, oldest first. */
export interface LogPart {
  readonly entries: readonly LogEntry[];
  /** Where to go on. */
  readonly position: number;
  /** Lines that were pushed out before this reader came to them. */
  readonly missed: number;
}

const MAX_LINES = 500;
const MAX_BUNDLES = 200;

interface Ring {
  entries: LogEntry[];
  /** Lines written since the ring began; the last entry's position. */
  written: number;
  readonly waiting: Set<() => void>;
}

/**
 * The last lines of each bundle in this process: 500 a bundle, of the 200 bundles that wrote last. Readers hold a position and no queue,
 * so a slow one costs nothing and is told what it missed.
 */
export class BundleLogs {
  /** In the order of the last line, oldest first. */
  readonly #rings = new Map<string, Ring>();
  readonly #closing = new AbortController();

  /** Aborts when the process stops: whoever follows is to end. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort();
  }

  write(bundleId: string, entry: LogEntry): void {
    const ring = this.#rings.get(bundleId) ?? { entries: [], written: 0, waiting: new Set() };
    this.#rings.delete(bundleId);
    this.#rings.set(bundleId, ring);
    ring.entries.push(entry);
    ring.written += 1;
    if (ring.entries.length > MAX_LINES) ring.entries.shift();
    for (const wake of ring.waiting) wake();
    ring.waiting.clear();
    this.#forgetOldest();
  }

  /** @param position of the last part, 0 for all that is kept */
  after(bundleId: string, position: number): LogPart {
    const ring = this.#rings.get(bundleId);
    if (ring === undefined) return { entries: [], position: 0, missed: 0 };
    const { entries, written } = ring;
    // A ring that was forgotten counts anew.
    const seen = position > written ? 0 : position;
    const unseen = written - seen;
    return {
      entries: unseen === 0 ? [] : entries.slice(-unseen),
      position: written,
      missed: seen === 0 ? 0 : Math.max(0, unseen - entries.length),
    };
  }

  /** Resolves at the bundle's next line, or when the signal aborts. */
  next(bundleId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const ring = this.#rings.get(bundleId) ?? { entries: [], written: 0, waiting: new Set() };
      this.#rings.set(bundleId, ring);
      const wake = (): void => {
        ring.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      ring.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #forgetOldest(): void {
    if (this.#rings.size <= MAX_BUNDLES) return;
    for (const [bundleId, ring] of this.#rings) {
      if (this.#rings.size <= MAX_BUNDLES) return;
      // Somebody reads it: he waits on this very ring.
      if (ring.waiting.size === 0) this.#rings.delete(bundleId);
    }
  }
}
