import { failpoint } from '@switchyard/kernel';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { InsertedTurn } from './sql/insert-turns.ts';
import type { TurnRows } from './turn-rows.ts';
import type { TurnScripts } from './turn-scripts.ts';
import type { TurnsConfig } from './turns-config.ts';

export interface RefusalParts {
  readonly rows: TurnRows;
  readonly scripts: TurnScripts;
  readonly config: TurnsConfig;
}

/**
 * Takes the row of a refused message away (02, step 1). True: the refusal stands, and the row is gone. False: another attempt of the
 * same message is under way or through: ask again. Where others have met the row, Redis is told first that these ids are used up, so
 * that none of them is acked for a row that is no more.
 */
export function createRefusal({
  rows,
  scripts,
  config,
}: RefusalParts): (row: InsertedTurn) => Promise<boolean> {
  /** False: another attempt has been accepted. A row that nobody else has met needs no word in Redis. */
  const hasWithdrawn = async ({ is_new: isAlone, request, turn_id }: InsertedTurn): Promise<boolean> => {
    if (isAlone) return true;
    const { code } = await scripts.refuse({ task_id: request.task_id, turn_id }, config.storeWait);
    if (code === ScriptResult.Epoch) throw toTurnError(code, 'refuse');
    return code === ScriptResult.Ok;
  };

  return async (row) => {
    if (!(await hasWithdrawn(row))) return false;
    if (!(await rows.deleteQueued(row.turn_id, row.version)))
      return (await rows.read(row.turn_id)) === undefined;
    failpoint('turns.accept.after-delete');
    const { conversation_created: hasOpened, conversation_id: conversationId } = row.request;
    if (hasOpened) await rows.deleteConversationIfEmpty(conversationId);
    return true;
  };
}
