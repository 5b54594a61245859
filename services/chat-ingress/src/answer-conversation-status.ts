import type { Clock } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import type { ConversationState, ConversationStatus, TenantProject } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import type { Conversations } from '@switchyard/store';
import { buildEnvelope } from '@switchyard/turns';
import type { Turns } from '@switchyard/turns';

export interface StatusParts {
  conversations: Pick<Conversations, 'own'>;
  turns: Pick<Turns, 'conversationState'>;
  relay: Pick<Relay, 'publish'>;
  scope: TenantProject;
  clock: Clock;
}

/** The state of an own conversation; with a stream id it goes to that stream as a `conv_status` event as well. Throws NOT_FOUND. */
export type AnswerConversationStatus = (
  caller: Caller,
  conversationId: string,
  streamId?: string,
) => Promise<ConversationStatus>;

export function createAnswerConversationStatus({
  conversations,
  turns,
  relay,
  scope,
  clock,
}: StatusParts): AnswerConversationStatus {
  return async (caller, conversationId, streamId) => {
    await conversations.own(caller.userId, conversationId);
    const status = await turns.conversationState(conversationId);
    if (streamId !== undefined) {
      const data = convStatusEnvelope(scope, caller, status, streamId, clock.now());
      await relay.publish({
        sessionId: caller.sessionId,
        event: 'conv_status',
        streamId,
        conversationId,
        turnId: status.current_turn_id ?? '',
        data,
      });
    }
    return status;
  };
}

/** A `conv_status` body outside a turn. */
export function convStatusEnvelope(
  scope: TenantProject,
  caller: Caller,
  status: {
    conversation_id: string;
    state: ConversationState;
    updated_at: string;
    current_turn_id: string | null;
  },
  streamId: string,
  nowMs: number,
): string {
  const { conversation_id, ...data } = status;
  const source = {
    ...scope,
    request_id: '',
    user: { user_id: caller.userId, user_type: caller.userType, roles: [...caller.roles] },
    session_id: caller.sessionId,
    conversation_id,
    turn_id: status.current_turn_id ?? '',
    bundle_id: '',
  };
  const parts = {
    type: 'conv.status',
    step: 'conv.state',
    status: 'completed',
    data: { ...data, origin_stream_id: streamId === '' ? null : streamId },
  } as const;
  return JSON.stringify(buildEnvelope(source, parts, nowMs));
}
