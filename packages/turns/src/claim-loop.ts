import { failpoint, sleep } from '@switchyard/kernel';
import { createBlockedPops } from './blocked-pops.ts';
import type { BlockedPops } from './blocked-pops.ts';
import { answerLimitMs, createPolls, ERROR_PAUSE_MS } from './claim-parts.ts';
import type { ClaimLoopOptions } from './claim-parts.ts';
import { decideRotation } from './decide-rotation.ts';
import { ScriptResult } from './script-result.ts';
import { untilStopped } from './until-stopped.ts';

export interface ClaimLoop {
  start(): void;
  /** No claims for a while: a store is away. */
  pause(ms: number): void;
  /** No claims until `resume`. What blocked pops still bring is handed over. */
  suspend(): Promise<void>;
  resume(): void;
  /** Monotonic time of the last answer of a lane. */
  lastPollAt(): number;
  /** Takes no more; resolves when nothing is reserved any more for a pop. */
  stop(): Promise<void>;
}

/** A page of claims costs Redis 0.2 ms. What it claims, a worker has slots for. */
const CLAIMS_AT_ONCE = 32;
const UNBLOCK_AGAIN_MS = 20;

/** While any lane has work: `claim`. When all are empty: one blocked pop per lane, each with a reserved slot (02, Waiting for work). */
export function createClaimLoop(options: ClaimLoopOptions): ClaimLoop {
  const { slots, config, clock, workerId, nextFence, log, hot } = options;
  const cycle = decideRotation(config.laneWeights);
  const polls = createPolls(clock);
  const answerLimit = answerLimitMs(config);
  const stopped = new AbortController();
  const pops = createBlockedPops(options, polls, stopped.signal);
  const orStopped = (...others: Promise<unknown>[]): Promise<void> => untilStopped(stopped.signal, others);
  let position = 0;
  let pausedUntil = 0;
  let resumed: PromiseWithResolvers<void> | undefined;
  let looping: Promise<void> = Promise.resolve();

  const claimHot = async (): Promise<number> => {
    const wanted = slots.reserve(CLAIMS_AT_ONCE);
    let taken = 0;
    try {
      const sentAt = clock.monotonic();
      const counter = nextFence(wanted);
      const args = { worker_id: workerId, counter, lease_ms: config.lease, wanted, position, cycle };
      const reply = await polls.answered(hot.connection, hot.scripts.claim(args), answerLimit);
      if (reply.code === ScriptResult.Epoch) {
        await orStopped(options.epochSettled());
        return 0;
      }
      if (reply.tasks.length > 0) failpoint('turns.claim.after-script');
      position = reply.position;
      taken = reply.tasks.length;
      for (const task of reply.tasks) options.onTask(task, sentAt);
      return taken;
    } finally {
      slots.release(wanted - taken);
    }
  };

  const isSuspended = (): boolean => resumed !== undefined;

  const round = async (): Promise<void> => {
    if (resumed !== undefined) return orStopped(resumed.promise);
    const pauseMs = pausedUntil - clock.monotonic();
    if (pauseMs > 0) return orStopped(sleep(pauseMs));
    // What was hinted at before this claim is seen by it.
    const isHinted = pops.takeHint();
    const hasDoubt = pops.takeDoubt();
    if (slots.free() > 0) {
      // A claim of lanes that are blocked, or were empty a moment ago, brings nothing: most turns of a quiet system need none.
      if (hasDoubt && ((await claimHot()) > 0 || stopped.signal.aborted || isSuspended())) return;
      pops.blockLanes();
    } else if (isHinted) {
      // Slots have run out, some of them for pops on empty lanes: those come back. What comes free meanwhile must be heard: after a
      // stall all slots come free at once, and nothing else would wake this loop any more.
      const changed = slots.changed();
      await pops.unblock();
      return orStopped(...pops.pending(), changed);
    }
    await orStopped(...pops.pending(), slots.changed());
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (stopped.signal.aborted) return;
        log.warn('claiming failed', { error });
        await orStopped(sleep(ERROR_PAUSE_MS));
      }
    }
  };

  return {
    start: () => void (looping = loop()),
    pause: (ms) => void (pausedUntil = clock.monotonic() + ms),
    suspend: async () => {
      resumed ??= Promise.withResolvers();
      await unblockAll(pops, isSuspended);
    },
    resume: () => {
      resumed?.resolve();
      resumed = undefined;
    },
    lastPollAt: polls.lastAt,
    stop: async () => {
      stopped.abort();
      await looping;
      await unblockAll(pops, () => true);
    },
  };
}

/** One that was sent but has not arrived yet is not blocked yet: asks until all are back. */
async function unblockAll(pops: BlockedPops, isWanted: () => boolean): Promise<void> {
  while (isWanted() && pops.pending().length > 0) {
    await pops.unblock().catch(() => undefined);
    await Promise.race([...pops.pending(), sleep(UNBLOCK_AGAIN_MS)]);
  }
}
