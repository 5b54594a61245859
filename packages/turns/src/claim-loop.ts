import { failpoint, sleep } from '@switchyard/kernel';
import { createBlockedPops } from './blocked-pops.ts';
import { ANSWER_LIMIT_MS, createPolls, ERROR_PAUSE_MS } from './claim-parts.ts';
import type { ClaimLoopOptions } from './claim-parts.ts';
import { decideRotation } from './decide-rotation.ts';
import { ScriptResult } from './script-result.ts';

export interface ClaimLoop {
  start(): void;
  /** No claims for a while: a store is away. */
  pause(ms: number): void;
  /** Monotonic time of the last answer of a lane. */
  lastPollAt(): number;
  /** Takes no more; resolves when nothing is reserved any more for a pop. */
  stop(): Promise<void>;
}

const CLAIMS_AT_ONCE = 8;
const UNBLOCK_AGAIN_MS = 20;

/** While any lane has work: `claim`. When all are empty: one blocked pop per lane, each with a reserved slot (02, Waiting for work). */
export function createClaimLoop(options: ClaimLoopOptions): ClaimLoop {
  const { slots, config, clock, workerId, nextFence, log, hot } = options;
  const cycle = decideRotation(config.laneWeights);
  const polls = createPolls(clock);
  const stopped = new AbortController();
  const stopping = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));
  const pops = createBlockedPops(options, polls, { signal: stopped.signal, done: stopping });
  let position = 0;
  let pausedUntil = 0;
  let looping: Promise<void> = Promise.resolve();

  const claimHot = async (): Promise<number> => {
    const wanted = slots.reserve(CLAIMS_AT_ONCE);
    let taken = 0;
    try {
      const sentAt = clock.monotonic();
      const counter = nextFence(wanted);
      const args = { worker_id: workerId, counter, lease_ms: config.lease, wanted, position, cycle };
      const reply = await polls.answered(hot.connection, hot.scripts.claim(args), ANSWER_LIMIT_MS);
      if (reply.code === ScriptResult.Epoch) {
        await Promise.race([options.epochSettled(), stopping]);
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

  const round = async (): Promise<void> => {
    const pauseMs = pausedUntil - clock.monotonic();
    if (pauseMs > 0) return Promise.race([sleep(pauseMs), stopping]);
    // What was hinted at before this claim is seen by it.
    const isHinted = pops.takeHint();
    if (slots.free() > 0) {
      if ((await claimHot()) > 0 || stopped.signal.aborted) return;
      pops.blockLanes();
    } else if (isHinted) {
      // Slots have run out, some of them for pops on empty lanes: those come back.
      await pops.unblock();
    }
    await Promise.race([...pops.pending(), slots.changed(), stopping]);
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (stopped.signal.aborted) return;
        log.warn('claiming failed', { error });
        await Promise.race([sleep(ERROR_PAUSE_MS), stopping]);
      }
    }
  };

  return {
    start: () => void (looping = loop()),
    pause: (ms) => void (pausedUntil = clock.monotonic() + ms),
    lastPollAt: polls.lastAt,
    stop: async () => {
      stopped.abort();
      await looping;
      // One that was sent but has not arrived yet is not blocked yet: ask until all are back.
      while (pops.pending().length > 0) {
        await pops.unblock().catch(() => undefined);
        await Promise.race([...pops.pending(), sleep(UNBLOCK_AGAIN_MS)]);
      }
    },
  };
}
