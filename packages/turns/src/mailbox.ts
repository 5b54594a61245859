import { failpoint } from '@switchyard/kernel';
import type { ChatTaskPayload, ContinuationItem } from '@switchyard/protocol';
import type { Held } from './lease-renewal.ts';
import { messageFields } from './message-fields.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import { isEnded, consumedEvent } from './terminal-event.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface Mailbox {
  peek(): Promise<ContinuationItem | null>;
  take(): Promise<ContinuationItem | null>;
}

/** Looks at and takes the messages that wait behind a running turn (02, step 8): the row is folded first, then the item goes. */
export function createMailbox(parts: WorkerParts, held: Held, isOpen: () => boolean): Mailbox {
  const { scripts, rows, keys, clock } = parts;
  const { task } = held;
  const lease = { task_id: task.taskId, fence: task.fence, conversation_id: task.conversationId };

  const refuse = (code: number, what: string): never => {
    if (code === ScriptResult.Epoch) parts.onEpoch();
    if (code === ScriptResult.LeaseLost) held.lose('the turn is fenced off');
    throw toTurnError(code, what);
  };

  const first = async (): Promise<ChatTaskPayload | undefined> => {
    if (!isOpen() || held.isLost()) throw toTurnError(ScriptResult.LeaseLost, 'peek');
    const reply = await scripts.peek({ ...lease, turn_id: task.turnId });
    if (reply.code !== ScriptResult.Ok) refuse(reply.code, 'peek');
    return reply.item === undefined ? undefined : (JSON.parse(reply.item.payload) as ChatTaskPayload);
  };

  /** True: it is ours now. False: its row was over; it is out of the way. Undefined: another item is first, look again. */
  const takeItem = async (item: ChatTaskPayload): Promise<boolean | undefined> => {
    const row = await rows.fold(item.turn_id, { turnId: task.turnId, fence: task.fence });
    failpoint('turns.take.after-row');
    const isFolded = row !== undefined && row.status === 'folded' && row.fence === task.fence;
    if (!isFolded && row !== undefined && !isEnded(row)) return undefined;
    const fields = messageFields(keys, item);
    const { code } = await scripts.take({
      ...lease,
      item_id: item.task_id,
      item_turn_id: item.turn_id,
      session_id: fields.session_id,
      stream_id: fields.stream_id,
      user: fields.user,
      event: isFolded ? 'chat_service' : '',
      data: isFolded ? consumedEvent(item, task.turnId, clock.now()) : '',
    });
    failpoint('turns.take.after-script');
    if (code === ScriptResult.Missing) return isFolded ? true : undefined;
    if (code !== ScriptResult.Ok) refuse(code, 'take');
    return isFolded;
  };

  return {
    peek: async () => {
      const item = await first();
      return item === undefined ? null : toContinuation(item);
    },
    take: async () => {
      for (let item = await first(); item !== undefined; item = await first()) {
        if ((await takeItem(item)) === true) return toContinuation(item);
      }
      return null;
    },
  };
}

function toContinuation(item: ChatTaskPayload): ContinuationItem {
  return {
    kind: item.kind === 'steer' ? 'steer' : 'followup',
    turn_id: item.turn_id,
    message: item.message,
    events: item.events,
    attachments: item.attachments,
  };
}
