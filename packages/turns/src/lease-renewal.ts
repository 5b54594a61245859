import { failpoint, withTimeout } from '@switchyard/kernel';
import { ScriptResult } from './script-result.ts';
import { TurnAbort } from './turn-abort.ts';
import type { AbortReason, ClaimedTask } from './turn-types.ts';
import { markerMs, startInterval } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';

/** One held task. Its signal aborts once, with the first reason. */
export interface Held {
  readonly task: ClaimedTask;
  readonly signal: AbortSignal;
  abort(reason: AbortReason, message: string): void;
  /** A script said that somebody else has it: nothing that is said under this fence counts any more. */
  lose(message: string): void;
  isLost(): boolean;
  /** Resolves when the lease is lost. */
  readonly lost: Promise<void>;
}

export interface LeaseRenewal {
  /** `sentAt`: monotonic time at which the claim was sent. */
  hold(task: ClaimedTask, sentAt: number): Held;
  drop(taskId: string): void;
  find(taskId: string): Held | undefined;
  all(): Held[];
  stop(): Promise<void>;
}

interface Entry extends Held {
  deadline: number;
}

/** The part of a lease that is never relied on: a fifth, for the scheduling of two machines and the network between. */
const MARGIN_SHARE = 0.2;
const CHECKS_PER_RENEWAL = 4;

/**
 * One timer renews everything (02, Running). The worker's own deadline of a task counts from when the last confirmed renewal was
 * *sent*; past it the turn is aborted without asking, because from then on somebody else may hold it.
 */
export function createLeaseRenewal(parts: WorkerParts): LeaseRenewal {
  const { config, clock, scripts } = parts;
  const held = new Map<string, Entry>();
  const safeMs = config.lease * (1 - MARGIN_SHARE);
  let isAsking = false;
  let askAt = 0;

  const renew = async (): Promise<void> => {
    const entries = [...held.values()];
    const sentAt = clock.monotonic();
    failpoint('turns.renew.before-script');
    const reply = await scripts.renew({
      lease_ms: config.lease,
      marker_ms: markerMs(config),
      held: entries.flatMap(({ task }) => [task.taskId, task.fence]),
    });
    failpoint('turns.renew.after-script');
    if (reply.code === ScriptResult.Epoch) return parts.onEpoch();
    const lost = new Set(reply.lost);
    for (const entry of entries) {
      if (lost.has(entry.task.taskId)) entry.lose('the lease was lost');
      else entry.deadline = sentAt + safeMs;
    }
    for (const taskId of reply.cancelled) held.get(taskId)?.abort('cancelled', 'the user stopped the turn');
  };

  const tick = (): Promise<void> => {
    const now = clock.monotonic();
    for (const entry of held.values())
      if (now >= entry.deadline) entry.lose('the lease was not renewed in time');
    if (held.size === 0 || isAsking || now < askAt) return Promise.resolve();
    isAsking = true;
    askAt = now + config.leaseRenew;
    // Not awaited: a reply that does not come must not keep the deadlines from being looked at.
    withTimeout(renew(), config.lease, 'a renewal')
      .catch((error: unknown) => parts.log.warn('leases were not renewed', { error }))
      .finally(() => (isAsking = false));
    return Promise.resolve();
  };
  const timer = startInterval(tick, config.leaseRenew / CHECKS_PER_RENEWAL, () => undefined);

  return {
    hold: (task, sentAt) => {
      const entry = createEntry(task, sentAt + safeMs, clock.monotonic);
      held.set(task.taskId, entry);
      return entry;
    },
    drop: (taskId) => void held.delete(taskId),
    find: (taskId) => held.get(taskId),
    all: () => [...held.values()],
    stop: () => timer.stop(),
  };
}

function createEntry(task: ClaimedTask, deadline: number, monotonic: () => number): Entry {
  const controller = new AbortController();
  let isLost = false;
  let tellLost = (): void => undefined;
  const lost = new Promise<void>((resolve) => (tellLost = resolve));
  const abort = (reason: AbortReason, message: string) => controller.abort(new TurnAbort(reason, message));
  const entry: Entry = {
    task,
    deadline,
    lost,
    signal: controller.signal,
    abort,
    // Asked before every write: also right between two ticks, and after a stall of the whole process.
    isLost: () => {
      if (!isLost && monotonic() >= entry.deadline) entry.lose('the lease was not renewed in time');
      return isLost;
    },
    lose: (message) => {
      if (isLost) return;
      isLost = true;
      abort('lease_lost', message);
      tellLost();
    },
  };
  return entry;
}
