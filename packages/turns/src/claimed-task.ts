import { chatTaskPayloadSchema, userTypeSchema } from '@switchyard/protocol';
import type { Clock } from '@switchyard/kernel';
import type { ChatTaskPayload, TurnTiming } from '@switchyard/protocol';
import type { RawTask } from './script-replies.ts';
import type { ClaimedTask } from './turn-types.ts';

/** Written by `accept` of this version or an older one; what does not fit is a defect, not a user's mistake. */
export function parsePayload(text: string): ChatTaskPayload {
  return chatTaskPayloadSchema.parse(JSON.parse(text));
}

export function toClaimedTask(raw: RawTask, clock: Clock): ClaimedTask {
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
    queueMs: Math.max(0, clock.now() - payload.accepted_at),
    claimedAt: clock.monotonic(),
  };
}

/** Where the time of a task went until now; milliseconds with one decimal. */
export function timingOf(task: ClaimedTask, clock: Clock): TurnTiming {
  const { ingress_ms: ingressMs } = task.payload;
  return {
    ...(ingressMs === undefined ? {} : { ingress_ms: ingressMs }),
    queue_ms: task.queueMs,
    claim_ms: Math.round((clock.monotonic() - task.claimedAt) * 10) / 10,
  };
}
