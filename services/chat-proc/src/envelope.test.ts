import { expect, test } from 'vitest';
import { chatEnvelopeSchema } from '@switchyard/protocol';
import type { BundleEvent, ChatTaskPayload } from '@switchyard/protocol';
import { Envelopes } from './envelope.ts';

const PAYLOAD: ChatTaskPayload = {
  v: 1,
  task_id: 'task_1',
  turn_id: 'turn_1',
  message_id: 'm1',
  conversation_id: 'c-123',
  session_id: 'S',
  stream_id: 's-1',
  bundle_id: 'assistant',
  kind: 'message',
  target_turn_id: null,
  request_id: 'r1',
  tenant: 't',
  project: 'p',
  user: { user_id: 'sub-1', user_type: 'registered', roles: [] },
  message: 'Hello',
  events: [],
  attachments: [],
  accepted_at: 0,
};
const NOW = Date.parse('2026-01-05T10:00:00.120Z');
const create = () => new Envelopes(PAYLOAD, () => NOW);

test('a delta is the one that the contract shows', () => {
  const { event, data } = create().fromBundle({ kind: 'delta', text: 'Hel', marker: 'answer' });
  expect(event).toBe('chat_delta');
  expect(data).toEqual({
    type: 'chat.delta',
    timestamp: '2026-01-05T10:00:00.120000Z',
    ts: NOW,
    service: {
      request_id: 'r1',
      tenant: 't',
      project: 'p',
      user: 'sub-1',
      user_obj: { user_type: 'registered' },
    },
    conversation: { session_id: 'S', conversation_id: 'c-123', turn_id: 'turn_1', bundle_id: 'assistant' },
    event: { agent: 'assistant', step: 'stream', status: 'running', title: 'Assistant Delta' },
    delta: { text: 'Hel', marker: 'answer', index: 0, completed: false },
    text: 'Hel',
    idx: 0,
    extra: { format: 'markdown', artifact_name: 'answer' },
  });
});

test('every marker counts for itself and is closed once', () => {
  const envelopes = create();
  const deltas = ['answer', 'thinking', 'answer', 'answer'].map(
    (marker) => envelopes.delta('x', marker, false).data.delta,
  );
  expect(deltas.map((delta) => `${delta?.marker} ${delta?.index}`)).toEqual([
    'answer 0',
    'thinking 0',
    'answer 1',
    'answer 2',
  ]);
  expect(envelopes.closings().map(({ delta }) => delta)).toEqual([
    { text: '', marker: 'answer', index: 3, completed: true },
    { text: '', marker: 'thinking', index: 1, completed: true },
  ]);
  expect(envelopes.closings()).toEqual([]);
});

test.each<[BundleEvent, string, string]>([
  [{ kind: 'step', name: 'search', status: 'started', title: 'Searching' }, 'chat_step', 'chat.step'],
  [{ kind: 'citations', items: [{ id: 1, title: 'A' }] }, 'chat_step', 'chat.citations'],
  [{ kind: 'followups', items: ['What else?'] }, 'chat_step', 'chat.followups'],
  [{ kind: 'title', title: 'A talk' }, 'chat_step', 'chat.conversation.title'],
  [
    { kind: 'usage', usage: { provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 } },
    'chat_service',
    'accounting.usage',
  ],
  [{ kind: 'service', type: 'board.changed', data: { a: 1 } }, 'chat_service', 'board.changed'],
  [{ kind: 'event', type: 'board.card', data: { a: 1 }, title: 'Card' }, 'chat_step', 'board.card'],
])('%j travels as %s of type %s', (event, name, type) => {
  const out = create().fromBundle(event);
  expect(out.event).toBe(name);
  expect(out.data.type).toBe(type);
  expect(chatEnvelopeSchema.safeParse(out.data).success).toBe(true);
});

test('a step keeps its name, status, title and data', () => {
  const { data } = create().fromBundle({
    kind: 'step',
    name: 'search',
    status: 'completed',
    title: 'Done',
    data: { found: 3 },
  });
  expect(data.event).toEqual({ agent: 'assistant', step: 'search', status: 'completed', title: 'Done' });
  expect(data.data).toEqual({ found: 3 });
});

test.each(['chat.complete', 'chat.error', 'conv.status', 'queue.enqueue_rejected', 'accounting.usage'])(
  'a bundle cannot send %s',
  (type) => {
    expect(() => create().fromBundle({ kind: 'event', type, data: {} })).toThrow(/belongs to the platform/u);
    expect(() => create().fromBundle({ kind: 'service', type, data: {} })).toThrow(
      /belongs to the platform/u,
    );
  },
);
