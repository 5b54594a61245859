import type { FollowedFrame } from '@switchyard/relay';
import { describe, expect, it } from 'vitest';
import { decideMessageFrame } from './decide-message-frame.ts';

const frame = (
  event: FollowedFrame['event'],
  turnId: string,
  data: unknown = {},
  conversationId = 'here',
) => ({
  event: event as NonNullable<FollowedFrame['event']>,
  conversationId,
  turnId,
  data: JSON.stringify(data),
});

/** What of a sequence goes out, and whether it ended. */
function walk(frames: ReturnType<typeof frame>[]): { sent: number[]; ended: boolean } {
  let view: Parameters<typeof decideMessageFrame>[0] = { turnId: 'mine', conversationId: 'here' };
  const sent: number[] = [];
  for (const [index, each] of frames.entries()) {
    const decision = decideMessageFrame(view, each);
    view = decision.view;
    if (decision.action !== 'skip') sent.push(index);
    if (decision.action === 'send_and_end') return { sent, ended: true };
  }
  return { sent, ended: false };
}

describe('a stream of one message', () => {
  it('shows its own turn and ends with it', () => {
    const frames = [
      frame('conv_status', 'mine'),
      frame('chat_start', 'mine'),
      frame('chat_delta', 'other'),
      frame('chat_delta', 'mine'),
      frame('chat_complete', 'mine'),
      frame('conv_status', 'mine'),
    ];
    expect(walk(frames)).toEqual({ sent: [0, 1, 3, 4], ended: true });
  });

  it('does not end with another turn, and ends with an error of its own', () => {
    expect(walk([frame('chat_complete', 'other'), frame('chat_error', 'mine')])).toEqual({
      sent: [1],
      ended: true,
    });
  });

  it('goes over to the turn that folded it', () => {
    const consumed = frame('chat_service', 'mine', {
      type: 'event.continuation.consumed',
      data: { queued_turn_id: 'mine', turn_id: 'parent' },
    });
    const frames = [
      frame('chat_delta', 'parent'),
      frame('chat_service', 'mine', { type: 'event.continuation.accepted' }),
      consumed,
      frame('chat_delta', 'parent'),
      frame('chat_complete', 'parent'),
    ];
    expect(walk(frames)).toEqual({ sent: [1, 2, 3, 4], ended: true });
  });

  it('ends when its steer found no turn any more', () => {
    expect(walk([frame('chat_service', 'mine', { type: 'active_turn_control_no_active_turn' })])).toEqual({
      sent: [0],
      ended: true,
    });
  });

  it('ends when its conversation is deleted, whose turns end without a word', () => {
    const deleted = { type: 'conv.status', data: { state: 'deleted' } };
    const frames = [
      frame('chat_start', 'mine'),
      frame('conv_status', '', deleted, 'elsewhere'),
      frame('conv_status', '', deleted),
    ];
    expect(walk(frames)).toEqual({ sent: [0, 2], ended: true });
  });
});
