import type { Slots } from './slots.ts';
import { startInterval } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface Heartbeat {
  /** Resolves when Redis knows of this worker. */
  start(): Promise<void>;
  /** Says at once that this worker takes no more. */
  drain(): Promise<void>;
  /** The worker is gone. */
  stop(): Promise<void>;
}

const BEATS = 3;

export function createHeartbeat(
  parts: WorkerParts,
  slots: Slots,
  version: string,
  lastPollAt: () => number,
): Heartbeat {
  const { scripts, workerId, config, clock, log } = parts;
  let isDraining = false;
  let timer: { stop(): Promise<void> } | undefined;
  const beat = async (lifeMs: number): Promise<void> => {
    await scripts.heartbeat({
      worker_id: workerId,
      slots: slots.total,
      busy: slots.used(),
      draining: isDraining ? '1' : '0',
      version,
      last_poll_ms: Math.round(clock.monotonic() - lastPollAt()),
      life_ms: lifeMs,
    });
  };
  const alive = () => beat(config.heartbeatEvery * BEATS);
  return {
    start: async () => {
      await alive();
      timer = startInterval(alive, config.heartbeatEvery, (error) => log.warn('heartbeat failed', { error }));
    },
    drain: async () => {
      isDraining = true;
      await alive();
    },
    stop: async () => {
      await timer?.stop();
      await beat(0);
    },
  };
}
