import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import { runningLimitOf } from './capacity-policy.ts';
import { heedStops } from './heed-stops.ts';
import { newMessageFields, messageFields, nowFields } from './message-fields.ts';
import { ScriptResult } from './script-result.ts';
import type { ScriptCode } from './script-result.ts';
import { CANCELLED, decideTelling, GONE, GONE_WITH_ALL } from './terminal-event.ts';
import type { TurnEnd } from './terminal-event.ts';
import type { ChatEnvelope, ChatTaskPayload } from '@switchyard/protocol';
import type { TurnRow } from './sql/turn-row.ts';
import type { WorkerParts } from './worker-parts.ts';

/** What the worker that ran a turn knows of it beyond its row. */
export interface RunFacts {
  /** False: it surely took no message that is still in the mailbox, so nobody need ask. */
  readonly mayHaveFolded: boolean;
  /** Told right before the end. */
  readonly closings: readonly ChatEnvelope[];
}

export interface Completion {
  /** Tells and closes a turn whose row says how it ended. `end` undefined: there is no row. Retries while `isLost` is false. */
  finish(
    payload: ChatTaskPayload,
    fence: string,
    end: TurnEnd | undefined,
    isLost: () => boolean,
    ran?: RunFacts,
  ): Promise<ScriptCode>;
  /** The same for a turn that has no task: from its row, by the reconciler or, with its token, by a rebuild. */
  finishFromRow(row: TurnRow, end: TurnEnd, rebuildToken?: string): Promise<ScriptCode>;
  /** A message goes back on its lane, or is made again from its row. */
  requeue(row: TurnRow, options: { fence?: string; rebuildToken?: string }): Promise<ScriptCode>;
}

const idOf = (row: { turn_id: string }): string => row.turn_id;
/** Of a turn that somebody else ran, or nobody. */
const UNKNOWN: RunFacts = { mayHaveFolded: true, closings: [] };
const RETRY_PAUSE_MS = 100;
const BAD_ENDS: ReadonlySet<string> = new Set(['failed', 'interrupted', 'cancelled', 'dead']);

/** The last step of every turn, whoever takes it: worker, reaper, reconciler or rebuild. */
export function createCompletion(parts: WorkerParts): Completion {
  const { scripts, rows, keys, clock, log } = parts;

  const finishOnce = async (
    payload: ChatTaskPayload,
    fence: string,
    end: TurnEnd | undefined,
    { mayHaveFolded, closings }: RunFacts,
    rebuildToken?: string,
  ): Promise<ScriptCode> => {
    const nowMs = clock.now();
    const epoch = rebuildToken === undefined ? {} : { run_id: rebuildToken };
    if (end?.status === 'cancelled') await heedStops(parts, payload, epoch);
    const isRead = end !== undefined && (mayHaveFolded || BAD_ENDS.has(end.status));
    const folded = isRead ? await rows.readFolded(payload.turn_id) : [];
    const named =
      end !== undefined && BAD_ENDS.has(end.status) ? folded.filter((own) => !own.is_stop).map(idOf) : [];
    const tellNothing = async () => ((await rows.isDeleted(payload.conversation_id)) ? GONE_WITH_ALL : GONE);
    const telling = end === undefined ? await tellNothing() : decideTelling(payload, end, nowMs, named);
    const reply = await scripts.finish({
      ...messageFields(keys, payload),
      ...nowFields(nowMs),
      ...telling,
      closings: closings.map((closing) => JSON.stringify(closing)).join('\n'),
      fence,
      message: keys.hash(payload.message_id),
      is_rebuild: rebuildToken === undefined ? '0' : '1',
      folded: folded.map(idOf),
      ...epoch,
    });
    failpoint('turns.finish.after-script');
    if (reply.code === ScriptResult.Epoch) parts.onEpoch();
    // Steers that came too late: told by the script, and their rows are closed here; if this does not happen, by the reconciler.
    if (reply.droppedTurnIds.length > 0) await rows.cancel(reply.droppedTurnIds, CANCELLED);
    return reply.code;
  };

  return {
    finish: async (payload, fence, end, isLost, ran = UNKNOWN) => {
      for (;;) {
        try {
          return await finishOnce(payload, fence, end, ran);
        } catch (error) {
          if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE' || isLost()) throw error;
          log.warn('a turn could not be finished yet', { turn_id: payload.turn_id, error });
          await sleep(RETRY_PAUSE_MS);
        }
      }
    },
    finishFromRow: (row, end, rebuildToken) => finishOnce(row.request, '', end, UNKNOWN, rebuildToken),
    requeue: async (row, { fence, rebuildToken }) => {
      const { code } = await scripts.requeue({
        ...newMessageFields(keys, row.request),
        running_limit: runningLimitOf(parts.config, row.request.user.user_type),
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
