import { PlatformError, failpoint } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import { formatTimestamp } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import type { Conversations } from '@switchyard/store';
import type { Turns } from '@switchyard/turns';
import { convStatusEnvelope } from '../answer-conversation-status.ts';

export interface DeleteParts {
  conversations: Pick<Conversations, 'markDeleted' | 'removeContents'>;
  turns: Pick<Turns, 'cancel'>;
  relay: Pick<Relay, 'publish'>;
  scope: TenantProject;
  clock: Clock;
}

export type DeleteConversation = (caller: Caller, conversationId: string) => Promise<void>;

/**
 * In this order: nobody sees it and nothing new enters, then what runs and waits is ended, the session is told, and the
 * contents go. What a crash leaves behind is found by `listUnremoved`. Throws NOT_FOUND.
 */
export function createDeleteConversation({
  conversations,
  turns,
  relay,
  scope,
  clock,
}: DeleteParts): DeleteConversation {
  return async (caller, conversationId) => {
    const marked = await conversations.markDeleted(caller.userId, conversationId);
    if (marked === undefined) throw PlatformError.of('NOT_FOUND');
    failpoint('ingress.delete.after-mark');
    await turns.cancel({ conversationId, userId: caller.userId, queued: true });
    failpoint('ingress.delete.after-cancel');
    const status = {
      conversation_id: conversationId,
      state: 'deleted',
      updated_at: formatTimestamp(clock.now()),
      current_turn_id: null,
    } as const;
    const data = convStatusEnvelope(scope, caller, status, '', clock.now());
    await relay.publish({
      sessionId: caller.sessionId,
      event: 'conv_status',
      streamId: '',
      conversationId,
      turnId: '',
      data,
    });
    failpoint('ingress.delete.after-event');
    await conversations.removeContents(conversationId);
  };
}
