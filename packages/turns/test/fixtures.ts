import type { ChatTaskPayload, TurnRecord } from '@switchyard/protocol';
import type { TurnOutcome } from '../src/turn-types.ts';

export const record = (finalAnswer: string): TurnRecord => ({
  v: 1,
  final_answer: finalAnswer,
  steps: [],
  citations: [],
  followups: [],
  files: [],
  usage: [],
});

export const completed = (answer: string): TurnOutcome => ({
  status: 'completed',
  result: { final_answer: answer },
  record: record(answer),
});

/** A message as a script test needs it: only the ids differ. */
export function payloadOf(turn: string, over: Partial<ChatTaskPayload> = {}): ChatTaskPayload {
  return {
    v: 1,
    task_id: `task-${turn}`,
    turn_id: turn,
    message_id: `m-${turn}`,
    conversation_id: 'c1',
    session_id: 's1',
    stream_id: 'stream-1',
    bundle_id: 'hello',
    kind: 'message',
    target_turn_id: null,
    request_id: 'r1',
    tenant: 't',
    project: 'p',
    user: { user_id: 'u1', user_type: 'registered', roles: [] },
    message: `text of ${turn}`,
    events: [],
    attachments: [],
    accepted_at: 0,
    ...over,
  };
}
