import { expect, test } from 'vitest';
import { chatEnvelopeSchema, formatTimestamp } from './chat-envelope.ts';

test('the example of the wire contract is a valid envelope', () => {
  const example = {
    type: 'chat.delta',
    timestamp: '2026-01-05T10:00:00.120000Z',
    ts: 1_767_607_200_120,
    service: {
      request_id: 'r1',
      tenant: 't',
      project: 'p',
      user: 'sub-1',
      user_obj: { user_type: 'registered' },
    },
    conversation: { session_id: 'S', conversation_id: 'c-123', turn_id: 'turn_2026-01-05-10-00-00-123-4f2a' },
    event: { agent: 'assistant', step: 'stream', status: 'running', title: 'Assistant Delta' },
    delta: { text: 'Hel', marker: 'answer', index: 0, completed: false },
    text: 'Hel',
    idx: 0,
    extra: { format: 'markdown', artifact_name: 'answer' },
  };
  expect(chatEnvelopeSchema.parse(example)).toEqual(example);
});

test('timestamps have microseconds and Z', () => {
  expect(formatTimestamp(1_767_607_200_120)).toBe('2026-01-05T10:00:00.120000Z');
});
