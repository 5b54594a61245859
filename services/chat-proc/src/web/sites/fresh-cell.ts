/** One value that is kept in memory and read again when it may have changed. */
export interface FreshCell<T> {
  /** At once where it is known. One that was told to be stale is read first; one that is merely old is read beside the answer. */
  get(): T | undefined | Promise<T | undefined>;
  /** The value of a reading that begins after this call. However many ask, two readings are under way or wait at most. */
  refresh(): Promise<T | undefined>;
  markStale(): void;
}

export interface FreshCellParts<T> {
  /** Undefined: there is none. Gets the former value, which it may return where nothing changed. */
  readonly read: (former: T | undefined) => Promise<T | undefined>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly maxAgeMs: number;
  readonly onError: (error: unknown) => void;
}

export function createFreshCell<T>({ read, now, maxAgeMs, onError }: FreshCellParts<T>): FreshCell<T> {
  let value: T | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let isStale = true;
  let running: Promise<T | undefined> | undefined;
  let queued: Promise<T | undefined> | undefined;

  const start = (): Promise<T | undefined> => {
    // What is told from here on counts again: this reading may be from before it.
    isStale = false;
    readAt = now();
    const reading = read(value)
      .then((found) => (value = found))
      .catch((error: unknown) => {
        isStale = true;
        // What was good a moment ago is better than nothing; what never was cannot be had.
        if (value === undefined) throw error;
        onError(error);
        return value;
      })
      .finally(() => {
        if (running === reading) running = undefined;
      });
    running = reading;
    return reading;
  };
  const refresh = (): Promise<T | undefined> => {
    if (running === undefined) return start();
    queued ??= running
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        return start();
      });
    return queued;
  };
  return {
    get() {
      if (value === undefined || isStale) return isStale ? refresh() : (running ?? refresh());
      if (now() - readAt > maxAgeMs && running === undefined) void refresh().catch(onError);
      return value;
    },
    refresh,
    markStale() {
      isStale = true;
    },
  };
}
