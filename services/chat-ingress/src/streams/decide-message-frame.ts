import { TERMINAL_EVENTS } from '@switchyard/protocol';
import type { FollowedFrame } from '@switchyard/relay';

/** What a stream that shows one message knows: its own turn, and the turn that took its message in, if one did. */
export interface MessageView {
  readonly turnId: string;
  readonly foldedInto?: string;
}

export interface FrameDecision {
  action: 'skip' | 'send' | 'send_and_end';
  view: MessageView;
}

/** Told instead of a terminal event when a steer's turn had ended before it was seen. */
const DROPPED = 'active_turn_control_no_active_turn';
const CONSUMED = 'event.continuation.consumed';

/**
 * Whether a frame of the session belongs to this message, and whether it is its last: the end of its own turn, or of the turn
 * that folded it (03 §2).
 */
export function decideMessageFrame(
  view: MessageView,
  frame: Pick<FollowedFrame, 'event' | 'turnId' | 'data'>,
): FrameDecision {
  const isOwn = frame.turnId === view.turnId;
  if (!isOwn && frame.turnId !== view.foldedInto) return { action: 'skip', view };
  if (frame.event !== undefined && TERMINAL_EVENTS.has(frame.event)) return { action: 'send_and_end', view };
  if (!isOwn || frame.event !== 'chat_service') return { action: 'send', view };
  const { type, data } = readService(frame.data);
  if (type === DROPPED) return { action: 'send_and_end', view };
  const parent = type === CONSUMED ? data?.['turn_id'] : undefined;
  return {
    action: 'send',
    view: typeof parent === 'string' ? { turnId: view.turnId, foldedInto: parent } : view,
  };
}

function readService(data: string | undefined): { type?: unknown; data?: Record<string, unknown> } {
  try {
    return JSON.parse(data ?? '{}') as { type?: unknown; data?: Record<string, unknown> };
  } catch {
    return {};
  }
}
