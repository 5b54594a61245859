import type { StreamEvent } from '../src/stream-event.ts';

export const CONVERSATION = 'c-1';

let clockMs = 1_767_607_200_000;

export function envelope(
  type: string,
  extra: Record<string, unknown> = {},
  turnId = 't-1',
): Record<string, unknown> {
  clockMs += 10;
  return {
    type,
    timestamp: new Date(clockMs).toISOString(),
    ts: clockMs,
    service: { request_id: 'r', tenant: 'demo', project: 'main', user: 'u' },
    conversation: { session_id: 's', conversation_id: CONVERSATION, turn_id: turnId },
    event: { agent: 'assistant', step: 'turn', status: 'running' },
    ...extra,
  };
}

export function delta(text: string, marker = 'answer', turnId = 't-1'): Record<string, unknown> {
  return envelope(
    'chat.delta',
    { delta: { text, marker, index: 0, completed: false }, text, idx: 0 },
    turnId,
  );
}

export function event(id: string | undefined, name: string, data: unknown): StreamEvent {
  return { id, event: name, data };
}

/** The log of one whole turn whose answer is `pieces`, ids from `1-<from>`. */
export function turnLog(
  message: string,
  pieces: readonly string[],
  options: { turnId?: string; from?: number } = {},
) {
  const { turnId = 't-1', from = 100 } = options;
  let seq = from;
  const next = (): string => `1-${(seq += 1)}`;
  const status = (state: string, extra = {}) =>
    event(
      next(),
      'conv_status',
      envelope('conv.status', { data: { state, current_turn_id: turnId, ...extra } }, turnId),
    );
  const answer = pieces.join('');
  return [
    status('in_progress'),
    event(next(), 'chat_start', envelope('chat.start', { data: { message } }, turnId)),
    ...pieces.map((piece) => event(next(), 'chat_delta', delta(piece, 'answer', turnId))),
    event(
      next(),
      'chat_complete',
      envelope('chat.complete', { data: { final_answer: answer, followups: ['more?'] } }, turnId),
    ),
    status('idle', { completion: 'success' }),
  ];
}
