import { ApiError, Outbox, createMemoryOutboxStorage, systemClientClock } from '@switchyard/client';
import type { Client, OutboxStorage, StreamEvent } from '@switchyard/client';
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
/** Deltas from `first` to `id` that the server joined into one frame. */
const joined = (first: string, id: string, text: string): StreamEvent => ({
  id,
  event: 'chat_delta',
  data: envelope('chat.delta', {
    delta: { text, marker: 'answer' },
    extra: { merged: text.length, first_log_id: first },
  }),
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
    fetch?: (id: string, options?: { signal?: AbortSignal }) => Promise<ConversationDetails>;
    limit?: () => AbortSignal;
    replay?: Client['replay'];
    send?: Client['send'];
    storage?: OutboxStorage;
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
  const outbox: Outbox = new Outbox({
    send,
    storage: parts.storage ?? createMemoryOutboxStorage(),
    clock: systemClientClock,
    random: () => 0,
    newKey: () => `m-${(ids += 1)}`,
    onChange: (item, acked) => store.onOutbox(item, acked),
  });
  const store = new ChatStore({
    client: { conversations, replay },
    outbox: () => outbox,
    feed: () => feed,
    now: () => 1,
    schedule: (flush) => flush(),
    pause: async () => undefined,
    limit: parts.limit ?? (() => new AbortController().signal),
  });
  return {
    store,
    feed,
    outbox,
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

  test('two streams that joined other deltas: nothing twice, whether one comes during the read or after it', async () => {
    // Read at 1-2. The replay comes as far as c, and the session's stream, which begins behind 1-2, joins b to d.
    for (const isLate of [false, true]) {
      const late = joined('1-3', '1-5', 'bcd');
      const reads = [
        { position: '1-2', replayed: joined('1-2', '1-4', 'abc') },
        { position: '1-5', replayed: joined('1-2', '1-5', 'abcd') },
      ];
      const upTo: string[] = [];
      const { store, answer } = build({
        fetch: async () => details('running', reads[0]?.position ?? ''),
        replay: async (options) => {
          const read = reads.shift();
          if (read === undefined) throw new Error('read once too often');
          upTo.push(options.upTo);
          if (!isLate && reads.length === 1) store.onEvent(late);
          return { events: [start('1-1'), read.replayed], isOver: false };
        },
      });
      await store.open(C);
      if (isLate) {
        expect(answer()).toBe('abc');
        store.onEvent(late);
      }
      store.onEvent(delta('1-6', 'e'));
      await vi.waitFor(() => expect(answer()).toBe('abcde'));
      expect(upTo).toEqual(['1-2', '1-5']);
    }
  });

  test('what waited before a resync is in what is read after it, and not applied over that', async () => {
    let reads = 0;
    const { store } = build({
      fetch: async () => {
        reads += 1;
        if (reads > 1) return details('running', '2-1');
        const data = { title: 'the former title' };
        store.onEvent({ id: '1-3', event: 'chat_step', data: envelope('chat.conversation.title', { data }) });
        store.onEvent({ id: '2-1', event: 'resync', data: { turns: [] } });
        return details('running', '1-2');
      },
      replay: async () => ({ events: [start('1-1')], isOver: false }),
    });
    await store.open(C);
    expect([reads, store.read(C).view.title]).toEqual([2, 'T']);
  });

  test('an answer that ended before it could be replayed is read once more', async () => {
    const reads = [details('running', '1-3'), details('completed', '1-9', 'whole')];
    const { store, first } = build({
      fetch: async () => reads.shift() ?? details('completed', '1-9', 'whole'),
    });
    await store.open(C);
    expect(first()).toMatchObject({ status: 'completed', answer: 'whole' });
  });

  test('a replay whose server went away begins again, and is no sign of an answer that ended', async () => {
    const cut = new ApiError({ status: 0, errorType: 'network_error', message: '' });
    let replays = 0;
    const { store, answer } = build({
      fetch: async () => details('running', '1-3'),
      replay: async () => {
        replays += 1;
        if (replays < 3) throw cut;
        return { events: [start('1-1'), delta('1-3', 'a')], isOver: false };
      },
    });
    await store.open(C);
    expect([store.read(C).load, answer(), replays]).toEqual(['ready', 'a', 3]);
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

describe('reading again what is on the page', () => {
  const followup = (id: string): StreamEvent => ({
    id,
    event: 'chat_service',
    data: envelope('event.continuation.accepted', { data: { queued_turn_id: 't-2' } }, ''),
  });

  /** A page on which an answer is running, at 1-2; reads from then on are given by hand. */
  const opened = async () => {
    const reads: PromiseWithResolvers<ConversationDetails>[] = [];
    const page = build({
      fetch: async () => {
        if (page.store.read(C).load === 'loading') return details('running', '1-1');
        const read = Promise.withResolvers<ConversationDetails>();
        reads.push(read);
        return read.promise;
      },
      replay: async () => ({ events: [start('1-1')], isOver: false }),
    });
    await page.store.open(C);
    page.store.onEvent(delta('1-2', 'a'));
    return { ...page, reads };
  };
  const settle = async () => new Promise((resolve) => setTimeout(resolve, 5));

  test('words that come between the last that is held and the read are not lost', async () => {
    const { store, answer, reads } = await opened();
    store.onEvent(followup('1-3'));
    store.onEvent(delta('1-4', 'b'));
    // The read is of a later moment than the words that wait for it.
    reads[0]?.resolve(details('running', '1-4'));
    await vi.waitFor(() => expect(answer()).toBe('ab'));
  });

  test('two reasons at once are one read after the other, and take nothing from one another', async () => {
    const { store, answer, reads } = await opened();
    store.onEvent(followup('1-3'));
    store.onEvent(delta('1-4', 'b'));
    store.onEvent({
      id: '2-1',
      event: 'resync',
      data: { turns: [{ turn_id: 't-1', answer_so_far: 'abc', log_id: '1-5' }] },
    });
    store.onEvent(delta('2-2', 'd'));
    expect(reads).toHaveLength(1);
    reads[0]?.resolve(details('running', '1-4'));
    await vi.waitFor(() => expect(reads).toHaveLength(2));
    expect(answer()).toBe('abc');
    reads[1]?.resolve(details('running', '2-2'));
    await vi.waitFor(() => expect(answer()).toBe('abcd'));
    await settle();
    expect(reads).toHaveLength(2);
  });

  test('a read that fails loses no words and is tried again until it succeeds', async () => {
    const { store, answer, first, reads } = await opened();
    store.onEvent({
      id: '2-1',
      event: 'resync',
      data: { turns: [{ turn_id: 't-1', answer_so_far: 'ab', log_id: '1-3' }] },
    });
    store.onEvent(delta('2-2', 'c'));
    for (const at of [0, 1, 2]) {
      await vi.waitFor(() => expect(reads).toHaveLength(at + 1));
      reads[at]?.reject(new ApiError({ status: 503, errorType: 'unavailable', message: '' }));
    }
    await vi.waitFor(() => expect(reads).toHaveLength(4));
    reads[3]?.resolve(details('completed', '2-3', 'abc!'));
    await vi.waitFor(() => expect(first()).toMatchObject({ status: 'completed', answer: 'abc!' }));
    expect(answer()).toBe('abc!');
  });

  test('one that is never answered is given up and made again', async () => {
    const limits: AbortController[] = [];
    const { store, answer, first } = build({
      limit: () => {
        const limit = new AbortController();
        limits.push(limit);
        return limit.signal;
      },
      fetch: async (_id, options) => {
        if (limits.length === 1) return details('running', '1-1');
        if (limits.length === 3) return details('completed', '1-5', 'abc');
        return new Promise((_resolve, reject) =>
          options?.signal?.addEventListener('abort', () => reject(new DOMException('late', 'TimeoutError'))),
        );
      },
      replay: async () => ({ events: [start('1-1')], isOver: false }),
    });
    await store.open(C);
    store.onEvent(delta('1-2', 'a'));
    store.onEvent(followup('1-3'));
    store.onEvent(delta('1-4', 'b'));
    await settle();
    expect(answer()).toBe('a');
    limits[1]?.abort();
    await vi.waitFor(() => expect(first()).toMatchObject({ status: 'completed', answer: 'abc' }));
  });

  test('one that is refused for good leaves the page as it is, with the words that waited', async () => {
    const { store, answer, reads } = await opened();
    store.onEvent(followup('1-3'));
    store.onEvent(delta('1-4', 'b'));
    reads[0]?.reject(new ApiError({ status: 403, errorType: 'forbidden', message: '' }));
    await vi.waitFor(() => expect(answer()).toBe('ab'));
    store.onEvent(delta('1-5', 'c'));
    expect([store.read(C).load, answer()]).toEqual(['ready', 'abc']);
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

  const down = new ApiError({ status: 0, errorType: 'network_error', message: '' });

  test('is shown at once, waits in sight without a connection, and goes out under the same key', async () => {
    const keys: string[] = [];
    const back = Promise.withResolvers<undefined>();
    const { store, first, outbox } = build({
      send: async ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (keys.length === 1) throw down;
        await back.promise;
        return ack;
      },
    });
    store.begin(C);
    store.send(C, draft);
    expect(first()).toMatchObject({ status: 'sending', question: 'q' });
    await vi.waitFor(() => expect(first()?.status).toBe('queued_offline'));
    back.resolve(undefined);
    await outbox.settled();
    expect(first()).toMatchObject({ status: 'queued', turnId: 't-1' });
    expect(keys).toEqual(['m-1', 'm-1']);
  });

  test('what is refused for good says why, and can be sent again', async () => {
    let isRefused = true;
    const { store, first } = build({
      send: async () => {
        if (isRefused) throw new ApiError({ status: 400, errorType: 'request.invalid', message: 'too long' });
        return ack;
      },
    });
    store.begin(C);
    store.send(C, draft);
    await vi.waitFor(() =>
      expect(first()).toMatchObject({ status: 'unsent', error: { message: 'too long' } }),
    );
    isRefused = false;
    store.resend('m-1');
    await vi.waitFor(() => expect(first()).toMatchObject({ status: 'queued', turnId: 't-1' }));
  });

  test('a page loaded again shows what waits, also in a conversation that the server does not know yet', async () => {
    const storage = createMemoryOutboxStorage();
    const before = build({ send: async () => Promise.reject(down), storage });
    before.store.begin(C, 'echo');
    before.store.send(C, { ...draft, bundleId: 'echo' });
    await vi.waitFor(() => expect(before.first()?.status).toBe('queued_offline'));
    before.outbox.close();
    const unknown = new ApiError({ status: 404, errorType: 'not_found', message: '' });
    for (const order of ['outbox first', 'conversation first']) {
      const after = build({
        send: async () => Promise.reject(down),
        fetch: async () => Promise.reject(unknown),
        storage,
      });
      if (order === 'outbox first') await after.outbox.open();
      await after.store.open(C);
      if (order === 'conversation first') await after.outbox.open();
      expect(after.store.read(C)).toMatchObject({ load: 'ready', view: { bundleId: 'echo' } });
      expect(after.first()).toMatchObject({ status: 'queued_offline', question: 'q', messageId: 'm-1' });
      after.outbox.close();
    }
  });

  test('a conversation that begins here shows the bundle that was picked', () => {
    const { store } = build({});
    store.begin(C, 'echo');
    expect(store.read(C).view).toMatchObject({ conversationId: C, bundleId: 'echo', turns: [] });
  });

  test('an unsent message can be taken back for editing', async () => {
    const { store, outbox } = build({ send: async () => Promise.reject(down) });
    store.begin(C);
    store.send(C, draft);
    expect(store.withdraw(C, 'm-1')).toEqual(draft);
    expect(store.read(C).view.turns).toHaveLength(0);
    await outbox.settled();
    expect(store.read(C).view.turns).toHaveLength(0);
  });
});
