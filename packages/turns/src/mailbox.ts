import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import type { ChatTaskPayload, ContinuationItem } from '@switchyard/protocol';
import type { EffectLog } from './effect-log.ts';
import type { Held } from './lease-renewal.ts';
import { messageFields } from './message-fields.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { TurnState } from './sql/turn-row.ts';
import { isEnded, consumedEvent } from './terminal-event.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface Mailbox {
  peek(): Promise<ContinuationItem | null>;
  take(): Promise<ContinuationItem | null>;
  /** A row may be folded whose item is still in the mailbox: its take was asked for and not confirmed. */
  hasOpenFold(): boolean;
}

const FOLD_PAUSE_MS = 100;
const isUnavailable = (error: unknown) => error instanceof PlatformError && error.code === 'UNAVAILABLE';

/** Looks at and takes the messages that wait behind a running turn (02, step 8): the row is folded first, then the item goes. */
export function createMailbox(
  parts: WorkerParts,
  held: Held,
  effects: EffectLog,
  isOpen: () => boolean,
): Mailbox {
  const { scripts, keys, clock } = parts;
  const { task } = held;
  /** Given to the bundle already, though Redis may still show them. */
  const given = new Set<string>();
  const openFolds = new Set<string>();
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

  const dropItem = (item: ChatTaskPayload, isFolded: boolean) => {
    const fields = messageFields(keys, item);
    return scripts.take({
      ...lease,
      item_id: item.task_id,
      item_turn_id: item.turn_id,
      session_id: fields.session_id,
      stream_id: fields.stream_id,
      user: fields.user,
      event: isFolded ? 'chat_service' : '',
      data: isFolded ? consumedEvent(item, task.turnId, clock.now()) : '',
    });
  };

  /** True: it is ours now. False: its row was over; it is out of the way. Undefined: another item is first, look again. */
  const takeItem = async (item: ChatTaskPayload): Promise<boolean | undefined> => {
    openFolds.add(item.turn_id);
    const row = await foldRow(parts, held, item.turn_id, isOpen);
    failpoint('turns.take.after-row');
    const isFolded = row !== undefined && row.status === 'folded' && row.fence === task.fence;
    // Folding asks whether this turn runs under its fence.
    if (!isFolded && row !== undefined && !isEnded(row)) refuse(ScriptResult.LeaseLost, 'take');
    try {
      const { code } = await dropItem(item, isFolded);
      failpoint('turns.take.after-script');
      if (code === ScriptResult.Missing) return isFolded ? true : undefined;
      if (code === ScriptResult.Epoch && isFolded) parts.onEpoch();
      else if (code !== ScriptResult.Ok) refuse(code, 'take');
      else openFolds.delete(item.turn_id);
    } catch (error) {
      if (!isFolded || !isUnavailable(error)) throw error;
    }
    // Folded is ours, whatever Redis said: the item is told by this turn's end, or by a rebuild.
    return isFolded;
  };

  return {
    hasOpenFold: () => openFolds.size > 0,
    peek: async () => {
      const item = await first();
      return item === undefined ? null : toContinuation(item);
    },
    take: async () => {
      let again = '';
      for (let item = await first(); item !== undefined; item = await first()) {
        // A taken message is told as consumed: a turn that ran again would not have it.
        await effects.note();
        if ((await takeItem(item)) !== true) continue;
        if (!given.has(item.turn_id)) {
          given.add(item.turn_id);
          return toContinuation(item);
        }
        // Redis did not hear of it the first time. While it does not, what waits behind it comes when this turn ends.
        if (again === item.turn_id) return null;
        again = item.turn_id;
      }
      return null;
    },
  };
}

/**
 * A commit whose outcome nobody heard may have folded the row: the message must reach this turn then, so the row is asked for as long
 * as the turn holds. The fence in the row tells the second time from another turn's.
 */
async function foldRow(
  { rows }: WorkerParts,
  held: Held,
  turnId: string,
  isOpen: () => boolean,
): Promise<TurnState | undefined> {
  const { task } = held;
  for (;;) {
    try {
      return await rows.fold(turnId, { turnId: task.turnId, fence: task.fence });
    } catch (error) {
      if (!isUnavailable(error) || !isOpen() || held.isLost() || held.signal.aborted) throw error;
      await sleep(FOLD_PAUSE_MS);
    }
  }
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
