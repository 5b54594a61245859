import { formatTimestamp } from '@switchyard/protocol';
import type { ChatEnvelope } from '@switchyard/protocol';

/** Both sides of a comparison send this body: a delta as a chat client gets it, its text saying which it is and when it was due. */
export function tokenBody(sessionId: string, index: number, dueMs: number): ChatEnvelope {
  const text = `${index}:${dueMs.toFixed(2)};`;
  const ts = Math.round(dueMs);
  return {
    type: 'chat.delta',
    timestamp: formatTimestamp(ts),
    ts,
    service: {
      request_id: 'req_bench',
      tenant: 'bench',
      project: 'streams',
      user: 'bench-user',
      user_obj: { user_type: 'registered' },
    },
    conversation: {
      session_id: sessionId,
      conversation_id: `conv-${sessionId}`,
      turn_id: `turn-${sessionId}`,
      bundle_id: 'bench',
    },
    event: { agent: 'assistant', step: 'answer', status: 'running' },
    delta: { text, marker: 'answer', index, completed: false },
    text,
    idx: index,
  };
}

/** Milliseconds since the epoch with fractions: the one clock that processes of a machine share. */
export const nowMs = (): number => performance.timeOrigin + performance.now();
