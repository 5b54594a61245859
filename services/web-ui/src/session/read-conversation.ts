import {
  ApiError,
  applyEvent,
  forgetRunning,
  isSplit,
  mergeStored,
  needsReplay,
  viewOfStored,
} from '@switchyard/client';
import type { Client, ConversationView, StreamEvent } from '@switchyard/client';
import type { ConversationDetails } from '@switchyard/protocol';

/** An answer can end between reading its conversation and replaying it; hardly twice. */
const READ_ATTEMPTS = 3;

export interface ReadConversationParts {
  readonly client: Pick<Client, 'replay' | 'conversations'>;
  /** What the page holds now. Asked again after every wait. */
  readonly held: () => ConversationView;
  /** All events since the page held what it holds have come to it, or wait for this read. */
  readonly isKept: boolean;
  /** The answers of running turns are replayed from their start, whatever is held of them. */
  readonly isAnew: boolean;
  /** Ends a request that is not answered; another for each. */
  readonly limit: () => AbortSignal;
  readonly onPosition: (lastLogId: string | undefined) => void;
}

/** The conversation as it is stored, put together with what the page holds and with what its running answer has said so far. */
export async function readConversation(
  conversationId: string,
  { client, held, isKept, isAnew, limit, onPosition }: ReadConversationParts,
): Promise<ConversationView> {
  const base = (): ConversationView => (isAnew ? forgetRunning(held()) : held());
  let cuts = 0;
  for (let attempt = 1; ; attempt += 1) {
    const stored = viewOfStored(await fetchWithin(limit(), client, conversationId));
    const upTo = stored.appliedLogId;
    onPosition(upTo);
    if (upTo === undefined || !needsReplay(mergeStored(base(), stored))) {
      const view = mergeStored(base(), stored);
      // The rows are of a later moment than what is held of an answer: what lies between waits, and is not known yet.
      return isKept ? { ...view, appliedLogId: held().appliedLogId } : view;
    }
    const replay = await client.replay({ conversationId, upTo }).catch((error: unknown) => {
      cuts += 1;
      if (cuts < READ_ATTEMPTS && error instanceof ApiError && error.isTransient) return undefined;
      throw error;
    });
    if (replay === undefined) {
      // Its server went away, another one is there. That is no answer to whether the turn still runs.
      attempt -= 1;
      continue;
    }
    const { events, isOver } = replay;
    // The answer ended between the two: the conversation is read once more, and is complete then.
    if (isOver && attempt < READ_ATTEMPTS) continue;
    // What is replayed lies before the position that the conversation was read at.
    const view = events.reduce(applyEvent, mergeStored(base(), { ...stored, appliedLogId: undefined }));
    // It begins with what runs now: an answer that is not in it has ended since.
    if (needsReplay(view) && attempt < READ_ATTEMPTS) continue;
    // Every turn has its own place by now. The conversation has none: what else happened behind `upTo` comes with the session's
    // stream, also from before the replay began or from before a resync in it.
    return { ...view, appliedLogId: undefined };
  }
}

/** One that is not answered in time counts as one that did not come through: words wait behind it. */
async function fetchWithin(
  signal: AbortSignal,
  { conversations }: Pick<Client, 'conversations'>,
  conversationId: string,
): Promise<ConversationDetails> {
  try {
    return await conversations.fetch(conversationId, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ApiError({ status: 0, errorType: 'network_error', message: 'no answer came in time' });
  }
}

/** Applies events in order as far as they fit; `isBroken`: one of them repeats a half of what is held, so it must be read anew. */
export function applyWaiting(
  view: ConversationView,
  events: readonly StreamEvent[],
): { view: ConversationView; isBroken: boolean } {
  let next = view;
  for (const event of events) {
    if (isSplit(next, event)) return { view: next, isBroken: true };
    next = applyEvent(next, event);
  }
  return { view: next, isBroken: false };
}
