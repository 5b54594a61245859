import { formatTimestamp } from '@switchyard/protocol';
import type { ChatTaskPayload } from '@switchyard/protocol';
import type { Keys } from '@switchyard/redis';
import { conversationContext, serviceContext } from './envelope.ts';
import type { StoredTask } from './turn-types.ts';
import type { MessageFields } from './script-arguments.ts';

/** `"service":{...},"conversation":{...}`: what a script puts into every event body that it writes for a message. */
function bodyFragment(payload: ChatTaskPayload): string {
  return JSON.stringify({
    service: serviceContext(payload),
    conversation: conversationContext(payload),
  }).slice(1, -1);
}

/** A message as the scripts take it. */
export function messageFields(keys: Keys, payload: ChatTaskPayload): MessageFields {
  return {
    task_id: payload.task_id,
    turn_id: payload.turn_id,
    conversation_id: payload.conversation_id,
    session_id: payload.session_id,
    stream_id: payload.stream_id,
    user: keys.hash(payload.user.user_id),
    lane: payload.user.user_type,
    frag: bodyFragment(payload),
  };
}

/** The same with what makes its task. */
export function newMessageFields(keys: Keys, stored: StoredTask) {
  const { conversation_created: isCreated, ...payload } = stored;
  return {
    ...messageFields(keys, payload),
    kind: payload.kind,
    created: isCreated ? ('1' as const) : ('0' as const),
    payload: JSON.stringify(payload),
  };
}

/** Time for showing; no rule compares it. */
export function nowFields(nowMs: number): { now_iso: string; now_ms: number } {
  return { now_iso: formatTimestamp(nowMs), now_ms: nowMs };
}
