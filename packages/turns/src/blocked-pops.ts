import { failpoint, sleep } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { answerLimitMs, ERROR_PAUSE_MS } from './claim-parts.ts';
import type { ClaimLoopOptions, LaneConnection, Polls } from './claim-parts.ts';
import { ScriptResult } from './script-result.ts';
import { untilStopped } from './until-stopped.ts';

/** One blocked pop per lane at most, each with a slot reserved for what it may bring (02, Waiting for work). */
export interface BlockedPops {
  /** Blocks on every lane that is not blocked, as far as slots go. */
  blockLanes(): void;
  /** One promise per blocked lane; each resolves when its pop is over. */
  pending(): Promise<void>[];
  /**
   * Whether some lane may have work that no pop would bring: none is blocked on it, and none has just found it empty. Asked once: what
   * was found is true for that moment alone.
   */
  takeDoubt(): boolean;
  /** True once after a pop brought something: its lane may have more, which nobody waits for. */
  takeHint(): boolean;
  /** Ends what blocks: each pop returns its item or nothing. Never by closing the socket, which could lose an item for a lease. */
  unblock(): Promise<void>;
}

export function createBlockedPops(options: ClaimLoopOptions, polls: Polls, stop: AbortSignal): BlockedPops {
  const { slots, config, clock, keys, workerId, nextFence, log } = options;
  const blocked = new Map<UserType, Promise<void>>();
  const foundEmpty = new Set<UserType>();
  const clientIds = trackClientIds(options.lanes);
  const answerLimit = answerLimitMs(config);
  let hasHint = false;

  /** A pop asks for no epoch: what it brought out of a rebuild is asked for again after it. Undefined: gone, or somebody else's. */
  const adopt = async ({ lane, connection, scripts }: LaneConnection, taskId: string) => {
    for (;;) {
      const sentAt = clock.monotonic();
      const fence = `${workerId}:${nextFence(1) + 1}`;
      const args = { task_id: taskId, lane, fence, lease_ms: config.lease };
      const { code, left, task } = await polls.answered(connection, scripts.adopt(args), answerLimit);
      if (task !== undefined && left === 0) foundEmpty.add(lane);
      if (task !== undefined) return { task, sentAt };
      if (code !== ScriptResult.Epoch || stop.aborted) return undefined;
      await untilStopped(stop, [options.epochSettled()]);
    }
  };

  /** One slot is reserved for it. */
  const block = async (own: LaneConnection): Promise<void> => {
    const { lane, connection } = own;
    let isHanded = false;
    try {
      if (!connection.isReady()) await connection.ready(answerLimit);
      const limitSec = config.blockedPop / 1000;
      const pop = connection.driver.brpoplpush(keys.lane(lane), keys.inflight(lane), limitSec);
      const taskId: string | null = await polls.answered(connection, pop, config.blockedPop + answerLimit);
      if (taskId === null) return void foundEmpty.add(lane);
      failpoint('turns.claim.after-pop');
      hasHint = true;
      const claim = await adopt(own, taskId);
      if (claim === undefined) return;
      failpoint('turns.claim.after-adopt');
      isHanded = true;
      options.onTask(claim.task, claim.sentAt);
    } catch (error) {
      // What it may have popped is inflight without a lease, and the reaper finds it.
      if (!stop.aborted) log.warn('a blocked pop failed', { lane, error });
      await sleep(ERROR_PAUSE_MS);
    } finally {
      blocked.delete(lane);
      if (!isHanded) slots.release(1);
    }
  };

  return {
    blockLanes: () => {
      for (const own of options.lanes) {
        if (blocked.has(own.lane) || slots.reserve(1) === 0) continue;
        blocked.set(own.lane, block(own));
      }
    },
    pending: () => [...blocked.values()],
    takeDoubt: () => {
      const hasDoubt = options.lanes.some(({ lane }) => !blocked.has(lane) && !foundEmpty.has(lane));
      foundEmpty.clear();
      return hasDoubt;
    },
    takeHint: () => {
      const had = hasHint;
      hasHint = false;
      return had;
    },
    unblock: async () => {
      for (const { lane, connection } of options.lanes) {
        const id = blocked.has(lane) && connection.isReady() ? clientIds.get(lane) : undefined;
        if (id !== undefined) await options.commands.driver.client('UNBLOCK', id);
      }
    },
  };
}

/** Names of the lanes' connections for CLIENT UNBLOCK: another one after each reconnect. */
function trackClientIds(lanes: readonly LaneConnection[]): ReadonlyMap<UserType, number> {
  const ids = new Map<UserType, number>();
  for (const { lane, connection } of lanes) {
    const learn = () => {
      ids.delete(lane);
      connection.driver.client('ID').then(
        (id) => ids.set(lane, id),
        () => undefined,
      );
    };
    connection.onReady(learn);
    learn();
  }
  return ids;
}
