import type { Clock } from '@switchyard/kernel';
import type { Keys } from '@switchyard/redis';
import type { Log } from '@switchyard/telemetry';
import type { TurnRows } from './turn-rows.ts';
import type { TurnScripts } from './turn-scripts.ts';
import type { WorkerConfig } from './turns-config.ts';

/** What the systems of a worker share. */
export interface WorkerParts {
  /** With its boot id: two lives of one process never share a fence. */
  readonly workerId: string;
  readonly rows: TurnRows;
  /** Over the connection of kind `commands`. */
  readonly scripts: TurnScripts;
  readonly keys: Keys;
  readonly config: WorkerConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** A script answered EPOCH: somebody has to look after the data. */
  readonly onEpoch: () => void;
}

/** Life of the started marker: the longest turn and a day for the reaper to find it. */
export function markerMs(config: WorkerConfig): number {
  return config.turnWall + 24 * 3_600_000;
}

/** Numbers for fences; one source per worker, since a fence must never come twice. */
export type FenceCounter = (count: number) => number;

export function createFenceCounter(): FenceCounter {
  let next = 0;
  return (count) => {
    const base = next;
    next += count;
    return base;
  };
}

/** Milliseconds until it should run again, where that is sooner than always. */
export type RepeatedWork = () => Promise<number | undefined | void>;

/** Runs `work` again and again with a pause after each run, never twice at once, until stopped. Failures are for `onError`. */
export function startInterval(
  work: RepeatedWork,
  everyMs: number,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const arm = (soonerMs?: number | void) => {
    timer = setTimeout(
      () => {
        running = work()
          .catch(onError)
          .then((nextMs) => {
            if (!isStopped) arm(nextMs);
          });
      },
      Math.min(everyMs, soonerMs ?? everyMs),
    );
  };
  arm();
  return {
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
