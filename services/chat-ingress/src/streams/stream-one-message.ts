import type { Response } from 'express';
import type { Caller } from '@switchyard/identity';
import type { Ack, ConversationTurn, TurnStatus } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import type { AcceptResult } from '@switchyard/turns';
import { decideMessageFrame } from './decide-message-frame.ts';
import type { MessageView } from './decide-message-frame.ts';
import { serveStream } from './serve-stream.ts';
import type { StreamParts } from './serve-stream.ts';

export interface OneMessageParts extends StreamParts {
  relay: Pick<Relay, 'follow'>;
  /** Rows of turns: the truth when the log does not reach back. */
  history: { listTurns(userId: string, conversationId: string, options: { turnIds: readonly string[]; materialize: boolean }): Promise<ConversationTurn[]> };
  streamBuffer: number;
}

export type StreamOneMessage = (res: Response, caller: Caller, streamId: string, submit: () => Promise<AcceptResult>) => Promise<void>;

const LIVE: ReadonlySet<TurnStatus> = new Set(['queued', 'running', 'folded']);
/** Acks after which no event of the message can come. */
const ANSWERLESS: ReadonlySet<Ack['status']> = new Set(['external_event_recorded', 'active_turn_control_no_active_turn', 'active_turn_control_target_mismatch']);

/**
 * Submits a message and streams what follows from it on the same request: first `ready` with the ack, then its events, and the
 * end after its own turn or the turn that folded it (03 §2). Follows before it submits, so no event can come too early.
 */
export function createStreamOneMessage(parts: OneMessageParts): StreamOneMessage {
  const { relay, streams, streamBuffer: maxBufferBytes } = parts;
  const follow = (caller: Caller, streamId: string, lastEventId?: string) =>
    relay.follow({ sessionId: caller.sessionId, streamId, mode: 'session', maxBufferBytes, ...(lastEventId === undefined ? {} : { lastEventId }) });

  return async (res, caller, streamId, submit) => {
    streams.checkRoom(caller.sessionId);
    let follower = await follow(caller, streamId);
    let result: AcceptResult;
    try {
      result = await submit();
      if (result.isRepeat) {
        // The answer may be half way or over: begin where the first submission did.
        follower.close();
        follower = await follow(caller, streamId, result.ack.last_log_id);
      }
    } catch (error) {
      follower.close();
      throw error;
    }
    const { ack } = result;
    if (ANSWERLESS.has(ack.status)) follower.close();
    let view: MessageView = { turnId: ack.turn_id };
    await serveStream(parts, res, {
      caller,
      follower,
      streamId,
      ready: { ack },
      decide: async (frame) => {
        if (frame.event === 'resync') return (await isOver(parts, caller, ack)) ? 'send_and_end' : 'send';
        if (frame.event === 'lagged') return 'send';
        const decision = decideMessageFrame(view, frame);
        view = decision.view;
        return decision.action;
      },
    });
  };
}

/** After a resync the end may have been among what was lost. */
async function isOver({ history }: OneMessageParts, caller: Caller, ack: Ack): Promise<boolean> {
  const [turn] = await history.listTurns(caller.userId, ack.conversation_id, { turnIds: [ack.turn_id], materialize: false });
  return turn === undefined || !LIVE.has(turn.status);
}
