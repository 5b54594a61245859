import type { DestinationStream } from 'pino';

/** Lines that wait to be written together. */
export interface GatheredLines extends DestinationStream {
  /** Writes what waits; to `last`, where this is for the end. */
  flush(last?: DestinationStream): void;
}

/** More than this is written at once: it is what a pipe holds. */
const BYTES_AT_MOST = 64 * 1024;

/**
 * Writes lines together: a line alone costs a call of the system each time, which is more than all the rest of it. A line waits `waitMs` at
 * most; what waits when the process is killed is lost.
 */
export const gatherLines = (destination: DestinationStream, waitMs: number): GatheredLines => {
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (target = destination): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === '') return;
    const lines = waiting;
    waiting = '';
    target.write(lines);
  };
  return {
    flush,
    write: (line) => {
      waiting += line;
      if (waiting.length >= BYTES_AT_MOST) flush();
      else timer ??= setTimeout(() => flush(), waitMs);
    },
  };
};
