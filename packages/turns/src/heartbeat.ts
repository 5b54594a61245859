import { isWorkerOrder } from './drain-gate.ts';
import type { WorkerOrder } from './drain-gate.ts';
import type { Slots } from './slots.ts';
import { startInterval } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface Heartbeat {
  /** Resolves when Redis knows of this worker. */
  start(): Promise<void>;
  /** Says at once that this worker takes no more, and resolves when it is said. */
  drain(): Promise<void>;
  /** Says now what has changed. Never rejects; the next one says it again. */
  beat(): void;
  /** The worker is gone. */
  stop(): Promise<void>;
}

const BEATS = 3;

export interface HeartbeatOptions {
  readonly version: string;
  /** Turns that are held; not the slots that wait with a blocked pop. */
  readonly busy: () => number;
  readonly lastPollAt: () => number;
  readonly isDraining: () => boolean;
  /** What an admin ordered last, as Redis keeps it: heals an order whose publication was lost. */
  readonly onOrder: (order: WorkerOrder) => void;
}

export function createHeartbeat(parts: WorkerParts, slots: Slots, options: HeartbeatOptions): Heartbeat {
  const { scripts, workerId, config, clock, log } = parts;
  let timer: { stop(): Promise<void> } | undefined;
  const beat = async (lifeMs: number): Promise<void> => {
    const { ordered } = await scripts.heartbeat({
      worker_id: workerId,
      slots: slots.total,
      busy: options.busy(),
      draining: options.isDraining() ? '1' : '0',
      version: options.version,
      last_poll_ms: Math.round(clock.monotonic() - options.lastPollAt()),
      life_ms: lifeMs,
    });
    if (isWorkerOrder(ordered)) options.onOrder(ordered);
  };
  const alive = () => beat(config.heartbeatEvery * BEATS);
  return {
    start: async () => {
      await alive();
      timer = startInterval(alive, config.heartbeatEvery, (error) => log.warn('heartbeat failed', { error }));
    },
    drain: alive,
    beat: () => void alive().catch((error: unknown) => log.warn('heartbeat failed', { error })),
    stop: async () => {
      await timer?.stop();
      await beat(0);
    },
  };
}
