import { sleep } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { toClaimedTask } from './claimed-task.ts';
import type { Execution } from './execution.ts';
import type { LeaseRenewal } from './lease-renewal.ts';
import type { RawTask } from './script-replies.ts';
import type { Slots } from './slots.ts';
import type { WorkerParts } from './worker-parts.ts';

/** What a worker runs right now: from the claim to the free slot. */
export interface RunningTurns {
  /** One reserved slot comes with it. */
  take(raw: RawTask, sentAt: number): void;
  count(): number;
  /** Waits for all that run now, but not longer than `limitMs`. */
  settle(limitMs: number): Promise<void>;
}

export interface RunningTurnsOptions extends WorkerParts {
  readonly renewal: LeaseRenewal;
  readonly execution: Execution;
  readonly slots: Slots;
  readonly onClaimed: (lane: UserType, waitedMs: number) => void;
}

export function createRunningTurns(options: RunningTurnsOptions): RunningTurns {
  const { renewal, execution, slots, clock, log } = options;
  const running = new Set<Promise<void>>();

  const run = async (raw: RawTask, sentAt: number): Promise<void> => {
    try {
      const task = toClaimedTask(raw, clock);
      options.onClaimed(task.lane, task.queueMs);
      await execution(renewal.hold(task, sentAt));
    } catch (error) {
      // Left as it is: its lease ends, and the reaper settles it by its row.
      log.error('a turn was dropped', { task_id: raw.taskId, error });
    } finally {
      renewal.drop(raw.taskId);
      slots.release(1);
    }
  };

  return {
    take: (raw, sentAt) => {
      const turn = run(raw, sentAt).finally(() => running.delete(turn));
      running.add(turn);
    },
    count: () => running.size,
    settle: async (limitMs) => {
      if (running.size === 0 || limitMs <= 0) return;
      const over = new AbortController();
      const limit = sleep(limitMs, over.signal).catch(() => undefined);
      await Promise.race([Promise.allSettled(running), limit]);
      over.abort();
    },
  };
}
