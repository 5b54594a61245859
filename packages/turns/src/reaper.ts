import { failpoint } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { Completion } from './completion.ts';
import { ScriptResult } from './script-result.ts';
import { isEnded, LOST_WORKER, SPENT } from './terminal-event.ts';
import { parsePayload } from './claimed-task.ts';
import type { RawTask } from './script-replies.ts';
import type { FenceCounter, WorkerParts } from './worker-parts.ts';

const SUSPECTS_AT_ONCE = 50;

/**
 * Finds claims that nobody holds and settles them under a lease of its own (02, step 6): first the row, which says what happened,
 * then back on the lane or to its end. One that dies on the way loses its lease, and the next one repeats it. Resolves with the
 * milliseconds until the next claim has been without a lease for long enough, if one is known.
 */
export function createReaper(
  parts: WorkerParts,
  completion: Completion,
  nextFence: FenceCounter,
): () => Promise<number | undefined> {
  const { scripts, rows, config, clock, workerId, log } = parts;

  const settle = async (suspect: RawTask, deadline: number): Promise<void> => {
    const payload = parsePayload(suspect.payload);
    const row = await rows.settle({
      turnId: payload.turn_id,
      startedFence: suspect.startedFence,
      isSpent: suspect.attempts > config.maxAttempts,
      interrupted: LOST_WORKER,
      dead: SPENT,
    });
    failpoint('turns.reap.after-row');
    // From here on another reaper may hold it.
    const isLost = () => clock.monotonic() >= deadline;
    if (isLost()) return;
    log.info('claim without a lease settled', {
      turn_id: payload.turn_id,
      task_id: suspect.taskId,
      status: row?.status ?? 'gone',
      attempts: suspect.attempts,
    });
    if (row === undefined || isEnded(row)) await completion.finish(payload, suspect.fence, row, isLost);
    else await completion.requeue(row, { fence: suspect.fence });
    failpoint('turns.reap.after-repair');
  };

  return async () => {
    const sentAt = clock.monotonic();
    const reply = await scripts.reap({
      reaper_id: workerId,
      counter: nextFence(SUSPECTS_AT_ONCE),
      lease_ms: config.lease,
      limit: SUSPECTS_AT_ONCE,
      lanes: USER_TYPES,
    });
    if (reply.code === ScriptResult.Epoch) {
      parts.onEpoch();
      return undefined;
    }
    if (reply.suspects.length > 0) failpoint('turns.reap.after-script');
    // One after the other: what is not done in time is found again.
    for (const suspect of reply.suspects) {
      if (clock.monotonic() >= sentAt + config.lease * 0.8) break;
      await settle(suspect, sentAt + config.lease * 0.8).catch((error: unknown) =>
        log.error('claim without a lease not settled', { task_id: suspect.taskId, error }),
      );
    }
    return reply.nextMs < 0 ? undefined : reply.nextMs;
  };
}
