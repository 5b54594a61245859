import { TERMINAL_EVENTS } from '@switchyard/protocol';
import type { FollowedFrame } from '@switchyard/relay';

/** What a stream that shows one message knows: its own turn, and the turn that took its message in, if one did. */
export interface MessageView {
  readonly turnId: string;
  readonly conversationId: string;
  readonly foldedInto?: string;
}

export interface FrameDecision {
  action: 'skip' | 'send' | 'send_and_end';
  view: MessageView;
}

/** Told instead of a terminal event when a steer's turn had ended before it was seen. */
const DROPPED = 'active_turn_control_no_active_turn';
/** A deleted conversation has no turns any more, and nothing ends them: this is the last that is heard of it. */
const DELETED = 'deleted';
const CONSUMED = 'event.continuation.consumed';

/**
 * Whether a frame of the session belongs to this message, and whether it is its last: the end of its own turn, of the turn
 * that folded it (03 §2), or of its conversation.
 */
export function decideMessageFrame(
  view: MessageView,
  frame: Pick<FollowedFrame, 'event' | 'conversationId' | 'turnId' | 'data'>,
): FrameDecision {
  if (frame.event === 'conv_status' && frame.conversationId === view.conversationId) {
    if (readBody(frame.data).data?.['state'] === DELETED) return { action: 'send_and_end', view };
  }
  const isOwn = frame.turnId === view.turnId;
  if (!isOwn && frame.turnId !== view.foldedInto) return { action: 'skip', view };
  if (frame.event !== undefined && TERMINAL_EVENTS.has(frame.event)) return { action: 'send_and_end', view };
  if (!isOwn || frame.event !== 'chat_service') return { action: 'send', view };
  const { type, data } = readBody(frame.data);
  if (type === DROPPED) return { action: 'send_and_end', view };
  const parent = type === CONSUMED ? data?.['turn_id'] : undefined;
  return {
    action: 'send',
    view: typeof parent === 'string' ? { ...view, foldedInto: parent } : view,
  };
}

function readBody(data: string | undefined): { type?: unknown; data?: Record<string, unknown> } {
  try {
    return JSON.parse(data ?? '{}') as { type?: unknown; data?: Record<string, unknown> };
  } catch {
    return {};
  }
}
