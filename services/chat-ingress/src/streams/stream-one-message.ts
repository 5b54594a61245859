import type { Response } from 'express';
import type { Caller } from '@switchyard/identity';
import type { Ack, ConversationTurn, TurnStatus } from '@switchyard/protocol';
import type { FollowedFrame, Relay } from '@switchyard/relay';
import type { AcceptResult } from '@switchyard/turns';
import { decideMessageFrame } from './decide-message-frame.ts';
import type { MessageView } from './decide-message-frame.ts';
import { serveStream } from './serve-stream.ts';
import type { StreamParts } from './serve-stream.ts';

export interface OneMessageParts extends StreamParts {
  relay: Pick<Relay, 'follow'>;
  /** Rows of turns: the truth when the log does not reach back. */
  history: {
    listTurns(
      userId: string,
      conversationId: string,
      options: { turnIds: readonly string[]; materialize: boolean },
    ): Promise<ConversationTurn[]>;
  };
  streamBuffer: number;
}

export type StreamOneMessage = (
  res: Response,
  caller: Caller,
  streamId: string,
  submit: () => Promise<AcceptResult>,
) => Promise<void>;

const LIVE: ReadonlySet<TurnStatus> = new Set(['queued', 'running', 'folded']);
/** Acks after which no event of the message can come. */
const ANSWERLESS: ReadonlySet<Ack['status']> = new Set([
  'external_event_recorded',
  'active_turn_control_no_active_turn',
  'active_turn_control_target_mismatch',
]);

// The row of a turn ends before its last event is written (02, End): that event is awaited this long, if it is not in the log.
const LAST_EVENT_LIMIT_MS = 3000;

/**
 * Submits a message and streams what follows from it on the same request: first `ready` with the ack, then its events, and the
 * end after its own turn or the turn that folded it (03 §2). Follows before it submits, so no event can come too early; a
 * retry of an earlier submission gets the events that the log still has.
 */
export function createStreamOneMessage(parts: OneMessageParts): StreamOneMessage {
  const { relay, streams, streamBuffer: maxBufferBytes } = parts;
  const follow = (caller: Caller, streamId: string, fromStart: boolean) =>
    relay.follow({ sessionId: caller.sessionId, streamId, mode: 'session', maxBufferBytes, fromStart });

  return async (res, caller, streamId, submit) => {
    streams.checkRoom(caller.sessionId);
    let followedSince = parts.clock.now();
    let follower = await follow(caller, streamId, false);
    let result: AcceptResult;
    try {
      result = await submit();
      if (result.isRepeat) {
        follower.close();
        followedSince = parts.clock.now();
        follower = await follow(caller, streamId, true);
      }
    } catch (error) {
      follower.close();
      throw error;
    }
    const { ack } = result;
    if (ANSWERLESS.has(ack.status)) follower.close();
    let view: MessageView = { turnId: ack.turn_id, conversationId: ack.conversation_id };
    let limit: NodeJS.Timeout | undefined;
    let isEnded = false;
    const endSoonIfOver = async () => {
      if (limit === undefined && (await isOver(parts, caller, ack)) && !isEnded) {
        limit = setTimeout(() => follower.close(), LAST_EVENT_LIMIT_MS);
      }
    };
    const decide = (frame: FollowedFrame) => {
      // The end may have been among what was lost. Without an answer of the database the client asks again.
      if (frame.event === 'resync') endSoonIfOver().catch(() => follower.close());
      if (frame.event === 'resync' || frame.event === 'lagged') return 'send';
      const decision = decideMessageFrame(view, frame);
      view = decision.view;
      return decision.action;
    };
    const onEnd = () => {
      isEnded = true;
      clearTimeout(limit);
    };
    try {
      if (result.isRepeat) await endSoonIfOver();
    } catch (error) {
      follower.close();
      throw error;
    }
    serveStream(parts, res, {
      caller,
      follower,
      streamId,
      ready: { ack },
      followedSince,
      decide,
      onEnd,
    });
  };
}

async function isOver({ history }: OneMessageParts, caller: Caller, ack: Ack): Promise<boolean> {
  const options = { turnIds: [ack.turn_id], materialize: false };
  const [turn] = await history.listTurns(caller.userId, ack.conversation_id, options);
  return turn === undefined || !LIVE.has(turn.status);
}
