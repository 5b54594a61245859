import { failpoint } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Keys } from '@switchyard/redis';
import { messageFields, nowFields } from './message-fields.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { TurnRow } from './sql/turn-row.ts';
import { CANCELLED, decideTelling } from './terminal-event.ts';
import type { TurnRows } from './turn-rows.ts';
import type { TurnScripts } from './turn-scripts.ts';
import type { CancelRequest } from './turn-types.ts';

/**
 * Cancel (02, step 7). The row first: `queued -> cancelled` is the decision, and whoever finds that row later tells it. A turn that
 * runs is asked to stop by its worker, which writes the row.
 */
export function createCancel(options: { rows: TurnRows; scripts: TurnScripts; keys: Keys; clock: Clock }) {
  const { rows, scripts, keys, clock } = options;

  const tellCancelled = async (row: TurnRow): Promise<void> => {
    failpoint('turns.cancel.after-row');
    const nowMs = clock.now();
    const telling = decideTelling(row.request, { ...row, status: 'cancelled' }, nowMs);
    const reply = await scripts.cancel({
      ...messageFields(keys, row.request),
      ...nowFields(nowMs),
      data: telling.data,
    });
    failpoint('turns.cancel.after-script');
    if (reply.code === ScriptResult.Epoch) throw toTurnError(reply.code, 'cancel');
    if (reply.droppedTurnIds.length > 0) await rows.cancel(reply.droppedTurnIds, CANCELLED);
  };

  const cancelRow = async (row: TurnRow): Promise<boolean> => {
    const [cancelled] = row.status === 'queued' ? await rows.cancel([row.turn_id], CANCELLED) : [];
    if (cancelled !== undefined) {
      await tellCancelled(cancelled);
      return true;
    }
    // It runs, or has begun to since it was read: the request stays with the task, and its start looks at it too.
    const { code } = await scripts.requestCancel({ task_id: row.request.task_id });
    if (code === ScriptResult.Epoch) throw toTurnError(code, 'request-cancel');
    return code === ScriptResult.Ok;
  };

  return async (request: CancelRequest): Promise<{ status: 'cancelled' | 'idle' }> => {
    const live = await rows.readLive(request.conversationId, request.userId);
    const turns = live.filter((row) => row.kind === 'message');
    const [current] =
      request.turnId === undefined ? turns : turns.filter((row) => row.turn_id === request.turnId);
    let isCancelled = false;
    // Those that wait first: otherwise the end of the current one promotes the next.
    for (const row of request.queued === true ? live.filter((row) => row !== current) : []) {
      isCancelled = (await cancelRow(row)) || isCancelled;
    }
    if (current !== undefined) isCancelled = (await cancelRow(current)) || isCancelled;
    return { status: isCancelled ? 'cancelled' : 'idle' };
  };
}
