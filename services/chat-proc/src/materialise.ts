import type { ChatTaskPayload, TurnInvocation } from '@switchyard/protocol';
import type { Conversations, HistoryBounds, TurnHistory } from '@switchyard/store';
import type { ClaimedTask } from '@switchyard/turns';

export interface MaterialiseParts {
  conversations: Pick<Conversations, 'find'>;
  history: Pick<TurnHistory, 'recentExchanges'>;
  bounds: HistoryBounds;
}

/** What a bundle is given for one turn: the message, who sent it, and what was said before (01, walk, step 3). */
export async function materialise(parts: MaterialiseParts, task: ClaimedTask): Promise<TurnInvocation> {
  const { payload } = task;
  const { user } = payload;
  const { conversation_id: id } = payload;
  // A new conversation has neither: its first word waits for no query.
  const [conversation, history] = task.isNewConversation
    ? [undefined, []]
    : await Promise.all([
        parts.conversations.find(user.user_id, id),
        parts.history.recentExchanges(id, payload.turn_id, parts.bounds),
      ]);
  const title = conversation?.title ?? undefined;
  return {
    turn_id: payload.turn_id,
    conversation_id: payload.conversation_id,
    bundle_id: payload.bundle_id,
    message: payload.message,
    events: payload.events,
    attachments: payload.attachments,
    history,
    user: userOf(user),
    conversation: { ...(title === undefined ? {} : { title }), is_new: task.isNewConversation },
  };
}

function userOf(user: ChatTaskPayload['user']): TurnInvocation['user'] {
  const { user_id, username, user_type, roles, timezone } = user;
  const named = username === undefined ? {} : { username };
  return { user_id, ...named, user_type, roles, ...(timezone === undefined ? {} : { timezone }) };
}
