import { ApiError } from '@switchyard/client';
import type { Client, StreamEvent } from '@switchyard/client';
import type { Ack, ConversationDetails } from '@switchyard/protocol';
import { describe, expect, test, vi } from 'vitest';
import { ChatStore } from './chat-store.ts';

const C = 'c-1';

function envelope(type: string, more: Record<string, unknown> = {}, turnId = 't-1') {
  const conversation = { session_id: 's', conversation_id: C, turn_id: turnId };
  return {
    type,
    ts: 1,
    timestamp: '',
    conversation,
    event: { agent: 'a', step: 'turn', status: 'running' },
    ...more,
  };
}
const delta = (id: string, text: string): StreamEvent => ({
  id,
  event: 'chat_delta',
  data: envelope('chat.delta', { delta: { text, marker: 'answer' } }),
});
const start = (id: string): StreamEvent => ({
  id,
  event: 'chat_start',
  data: envelope('chat.start', { data: { message: 'q' } }),
});

function details(status: 'running' | 'completed', lastLogId: string, answer = ''): ConversationDetails {
  const artifacts = [
    { type: 'chat:user', ts: '', data: { text: 'q', payload: {} } },
    ...(status === 'completed'
      ? [{ type: 'chat:assistant', ts: '', data: { text: answer, payload: {} } }]
      : []),
  ];
  const times = { created_at: '', started_at: null, ended_at: null };
  const turn = { turn_id: 't-1', status, ...times, folded_into: null, feedback: null, artifacts };
  const head = {
    user_id: 'u',
    conversation_id: C,
    title: 'T',
    bundle_id: 'b',
    state: 'idle' as const,
    started_at: '',
    last_activity_at: '',
  };
  return { ...head, current_turn_id: null, last_log_id: lastLogId, turns: [turn] };
}

function build(
  parts: {
    fetch?: () => Promise<ConversationDetails>;
    replay?: Client['replay'];
    send?: Client['send'];
  } = {},
) {
  const feed = {
    isStarted: true,
    isAnchored: true,
    anchored: Promise.resolve(),
    start: vi.fn<(position?: string) => void>(),
  };
  const conversations = {
    fetch: parts.fetch,
  } as unknown as Client['conversations'];
  const replay = parts.replay ?? (async () => ({ events: [], isOver: true }));
  const send = parts.send ?? (async () => Promise.reject(new Error('nothing is sent here')));
  let ids = 0;
  const store = new ChatStore({
    client: { conversations, replay, send },
    feed: () => feed,
    now: () => 1,
    newMessageId: () => `m-${(ids += 1)}`,
    schedule: (flush) => flush(),
  });
  return {
    store,
    feed,
    answer: () => store.read(C).view.turns[0]?.answer,
    first: () => store.read(C).view.turns[0],
  };
}

describe('opening a conversation', () => {
  test('in mid-answer: the words so far are replayed, what came meanwhile follows, nothing twice', async () => {
    const { store, answer } = build({
      fetch: async () => details('running', '1-3'),
      replay: async () => {
        store.onEvent(delta('1-4', 'c'));
        store.onEvent(delta('1-5', 'd'));
        return { events: [start('1-1'), delta('1-2', 'a'), delta('1-4', 'bc')], isOver: false };
      },
    });
    await store.open(C);
    store.onEvent(delta('1-6', 'e'));
    expect(answer()).toBe('abcde');
  });

  test('an answer that ended before it could be replayed is read once more', async () => {
    const reads = [details('running', '1-3'), details('completed', '1-9', 'whole')];
    const { store, first } = build({
      fetch: async () => reads.shift() ?? details('completed', '1-9', 'whole'),
    });
    await store.open(C);
    expect(first()).toMatchObject({ status: 'completed', answer: 'whole' });
  });

  test('what is not there is missing, what cannot be read failed and may be tried again', async () => {
    const missing = build({
      fetch: async () => Promise.reject(new ApiError({ status: 404, errorType: 'not_found', message: '' })),
    });
    await missing.store.open(C);
    expect(missing.store.read(C).load).toBe('missing');
    let isDown = true;
    const shaky = build({
      fetch: async () => (isDown ? Promise.reject(new Error('down')) : details('completed', '1-1', 'x')),
    });
    await shaky.store.open(C);
    expect(shaky.store.read(C).load).toBe('failed');
    isDown = false;
    await shaky.store.open(C);
    expect(shaky.store.read(C).load).toBe('ready');
  });

  test('the stream begins at the position that was read', async () => {
    const { store, feed } = build({ fetch: async () => details('completed', '1-9', 'x') });
    await store.open(C);
    expect(feed.start).toHaveBeenCalledWith('1-9');
  });

  test('a resync reads it again', async () => {
    let reads = 0;
    const { store, answer } = build({
      fetch: async () => {
        reads += 1;
        return details('completed', '2-1', `read ${reads}`);
      },
    });
    await store.open(C);
    store.onEvent({ id: '2-5', event: 'resync', data: { turns: [] } });
    await vi.waitFor(() => expect(answer()).toBe('read 2'));
  });
});

describe('sending', () => {
  const draft = { text: 'q', files: [], bundleId: undefined };
  const ack = {
    status: 'processing_started',
    turn_id: 't-1',
    queued_turn_id: null,
    last_log_id: '1-0',
  } as Ack;

  test('is shown at once, and tried again under the same key', async () => {
    const keys: string[] = [];
    let isDown = true;
    const { store, first } = build({
      send: async ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (isDown) throw new ApiError({ status: 0, errorType: 'network_error', message: '' });
        return ack;
      },
    });
    store.begin(C);
    const sending = store.send(C, draft);
    expect(first()).toMatchObject({ status: 'sending', question: 'q' });
    await sending;
    expect(first()).toMatchObject({ status: 'unsent', error: { errorType: 'network_error' } });
    isDown = false;
    await store.resend(C, 'm-1');
    expect(first()).toMatchObject({ status: 'queued', turnId: 't-1' });
    expect(keys).toEqual(['m-1', 'm-1']);
  });

  test('a conversation that begins here shows the bundle that was picked', () => {
    const { store } = build({});
    store.begin(C, 'echo');
    expect(store.read(C).view).toMatchObject({ conversationId: C, bundleId: 'echo', turns: [] });
  });

  test('an unsent message can be taken back for editing', async () => {
    const { store } = build({ send: async () => Promise.reject(new Error('no')) });
    store.begin(C);
    await store.send(C, draft);
    expect(store.withdraw(C, 'm-1')).toEqual(draft);
    expect(store.read(C).view.turns).toHaveLength(0);
  });
});
