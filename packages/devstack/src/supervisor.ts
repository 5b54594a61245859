import type { ServiceProcess } from './service-process.ts';

/** Delays before the next start of something that keeps dying: 0.5, 1, 2, 4, 8, 15, 15 ... s. */
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
/** A life this long means that the trouble is over; the delays begin anew. */
const HEALTHY_LIFE_MS = 30_000;

export const decideRestartDelay = (failures: number): number =>
  Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));

export interface SupervisorEvents {
  onDied?: (name: string, code: number | string, delayMs: number) => void;
  onRestarted?: (name: string, process: ServiceProcess) => void;
  onStartFailed?: (name: string, error: Error, delayMs: number) => void;
}

export interface SupervisedService {
  readonly name: string;
  /** The current life; undefined while there is none. */
  current(): ServiceProcess | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `kill -9`. With supervision on it comes back by itself. */
  kill(): Promise<void>;
}

export interface SupervisedProgram {
  readonly name: string;
  /** Begins one life and resolves when it is ready: a service of ours, or Redis or Postgres. */
  readonly launch: () => Promise<ServiceProcess>;
}

/**
 * Keeps one service or server running. States: stopped -> running -> (died -> waiting -> running)* -> stopped. A stop in any state
 * is final until the next `start`.
 */
export const createSupervisedService = (
  { name, launch: begin }: SupervisedProgram,
  { isRestarted, events = {} }: { isRestarted: boolean; events?: SupervisorEvents },
): SupervisedService => {
  let process: ServiceProcess | undefined;
  let isWanted = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  const launch = async (): Promise<void> => {
    const born = performance.now();
    const life = await begin();
    if (!isWanted) return life.stop();
    process = life;
    void life.exited.then((code) => {
      process = undefined;
      if (!isWanted || !isRestarted) return;
      failures = performance.now() - born >= HEALTHY_LIFE_MS ? 1 : failures + 1;
      const delayMs = decideRestartDelay(failures);
      events.onDied?.(name, code, delayMs);
      relaunchAfter(delayMs);
    });
  };

  const relaunchAfter = (delayMs: number): void => {
    timer = setTimeout(() => {
      launch().then(
        () => process && events.onRestarted?.(name, process),
        (error: unknown) => {
          if (!isWanted) return;
          failures += 1;
          const next = decideRestartDelay(failures);
          events.onStartFailed?.(name, error instanceof Error ? error : new Error(String(error)), next);
          relaunchAfter(next);
        },
      );
    }, delayMs);
  };

  return {
    name,
    current: () => process,
    start: async () => {
      isWanted = true;
      await launch();
    },
    stop: async () => {
      isWanted = false;
      clearTimeout(timer);
      await process?.stop();
    },
    kill: async () => {
      await process?.kill();
    },
  };
};
