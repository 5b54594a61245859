import type { Caller } from '@switchyard/identity';
import type { ConversationDetails } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import type { Conversations, TurnHistory } from '@switchyard/store';

export interface ReadConversationParts {
  conversations: Pick<Conversations, 'own'>;
  history: Pick<TurnHistory, 'listTurns'>;
  relay: Pick<Relay, 'lastLogId'>;
}

/** An own conversation with its turns. `last_log_id`: a stream opened from it misses nothing of what is not in here. Throws NOT_FOUND. */
export type ReadConversation = (
  caller: Caller,
  conversationId: string,
  options: { turnIds?: readonly string[] | undefined; materialize: boolean },
) => Promise<ConversationDetails>;

export function createReadConversation({
  conversations,
  history,
  relay,
}: ReadConversationParts): ReadConversation {
  return async (caller, conversationId, options) => {
    // First the position, then the rows: what happens in between comes twice, which a client can bear; the other way round it
    // would be missed.
    const lastLogId = await relay.lastLogId(caller.sessionId);
    const own = await conversations.own(caller.userId, conversationId);
    const turns = await history.listTurns(caller.userId, conversationId, options);
    const { conversation_id, title, bundle_id, state, started_at, last_activity_at, current_turn_id } = own;
    return {
      user_id: caller.userId,
      conversation_id,
      title,
      bundle_id,
      state,
      started_at,
      last_activity_at,
      current_turn_id,
      last_log_id: lastLogId,
      turns,
    };
  };
}
