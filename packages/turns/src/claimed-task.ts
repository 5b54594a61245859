import { chatTaskPayloadSchema, userTypeSchema } from '@switchyard/protocol';
import type { ChatTaskPayload } from '@switchyard/protocol';
import type { RawTask } from './script-replies.ts';
import type { ClaimedTask } from './turn-types.ts';

/** Written by `accept` of this version or an older one; what does not fit is a defect, not a user's mistake. */
export function parsePayload(text: string): ChatTaskPayload {
  return chatTaskPayloadSchema.parse(JSON.parse(text));
}

export function toClaimedTask(raw: RawTask): ClaimedTask {
  const payload = parsePayload(raw.payload);
  return {
    taskId: raw.taskId,
    turnId: payload.turn_id,
    conversationId: payload.conversation_id,
    lane: userTypeSchema.parse(raw.lane),
    attempts: raw.attempts,
    fence: raw.fence,
    payload,
    isNewConversation: raw.isNewConversation,
  };
}
