import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import { newMessageFields, messageFields, nowFields } from './message-fields.ts';
import { ScriptResult } from './script-result.ts';
import type { ScriptCode } from './script-result.ts';
import { CANCELLED, decideTelling, GONE, GONE_WITH_ALL } from './terminal-event.ts';
import type { TurnEnd } from './terminal-event.ts';
import type { ChatTaskPayload } from '@switchyard/protocol';
import type { TurnRow } from './sql/turn-row.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface Completion {
  /** Tells and closes a turn whose row says how it ended. `end` undefined: there is no row. Retries while `isLost` is false. */
  finish(
    payload: ChatTaskPayload,
    fence: string,
    end: TurnEnd | undefined,
    isLost: () => boolean,
  ): Promise<ScriptCode>;
  /** The same for a turn that has no task: from its row, by the reconciler or, with its token, by a rebuild. */
  finishFromRow(row: TurnRow, end: TurnEnd, rebuildToken?: string): Promise<ScriptCode>;
  /** A message goes back on its lane, or is made again from its row. */
  requeue(row: TurnRow, options: { fence?: string; rebuildToken?: string }): Promise<ScriptCode>;
}

const RETRY_PAUSE_MS = 100;
const BAD_ENDS: ReadonlySet<string> = new Set(['failed', 'interrupted', 'cancelled', 'dead']);

/** The last step of every turn, whoever takes it: worker, reaper, reconciler or rebuild. */
export function createCompletion(parts: WorkerParts): Completion {
  const { scripts, rows, keys, clock, log } = parts;

  const finishOnce = async (
    payload: ChatTaskPayload,
    fence: string,
    end: TurnEnd | undefined,
    rebuildToken?: string,
  ): Promise<ScriptCode> => {
    const nowMs = clock.now();
    const folded =
      end !== undefined && BAD_ENDS.has(end.status) ? await rows.readFoldedTurnIds(payload.turn_id) : [];
    const tellNothing = async () => ((await rows.isDeleted(payload.conversation_id)) ? GONE_WITH_ALL : GONE);
    const telling = end === undefined ? await tellNothing() : decideTelling(payload, end, nowMs, folded);
    const reply = await scripts.finish({
      ...messageFields(keys, payload),
      ...nowFields(nowMs),
      ...telling,
      fence,
      message: keys.hash(payload.message_id),
      is_rebuild: rebuildToken === undefined ? '0' : '1',
      ...(rebuildToken === undefined ? {} : { run_id: rebuildToken }),
    });
    failpoint('turns.finish.after-script');
    if (reply.code === ScriptResult.Epoch) parts.onEpoch();
    // Steers that came too late: told by the script, and their rows are closed here; if this does not happen, by the reconciler.
    if (reply.droppedTurnIds.length > 0) await rows.cancel(reply.droppedTurnIds, CANCELLED);
    return reply.code;
  };

  return {
    finish: async (payload, fence, end, isLost) => {
      for (;;) {
        try {
          return await finishOnce(payload, fence, end);
        } catch (error) {
          if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE' || isLost()) throw error;
          log.warn('a turn could not be finished yet', { turn_id: payload.turn_id, error });
          await sleep(RETRY_PAUSE_MS);
        }
      }
    },
    finishFromRow: (row, end, rebuildToken) => finishOnce(row.request, '', end, rebuildToken),
    requeue: async (row, { fence, rebuildToken }) => {
      const { code } = await scripts.requeue({
        ...newMessageFields(keys, row.request),
        ...nowFields(clock.now()),
        fence: fence ?? '',
        side: rebuildToken === undefined ? 'RPUSH' : 'LPUSH',
        ...(rebuildToken === undefined ? {} : { run_id: rebuildToken }),
      });
      if (code === ScriptResult.Epoch) parts.onEpoch();
      return code;
    },
  };
}
