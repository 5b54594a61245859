import { afterEach, describe, expect, test } from 'vitest';
import { frame, openStream, startServer } from '../test/sse-server.ts';
import type { TestServer } from '../test/sse-server.ts';
import { delta, envelope } from '../test/turn-events.ts';
import { systemClientClock } from './client-clock.ts';
import { createClient } from './create-client.ts';

let server: TestServer | undefined;
afterEach(async () => server?.close());

const clock = {
  now: systemClientClock.now,
  sleep: (ms: number, signal?: AbortSignal) => systemClientClock.sleep(Math.min(ms, 10), signal),
};
const client = (url: string) =>
  createClient({
    baseUrl: url,
    clock,
    random: () => 0.5,
    scope: { tenant: 'demo', project: 'main' },
    token: async () => 'secret',
  });
async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
const json = (value: unknown) => JSON.stringify(value);

describe('send', () => {
  test('is repeated with the same key until an ack comes', async () => {
    const bodies: string[] = [];
    server = await startServer((req, res, body) => {
      bodies.push(body);
      if (bodies.length === 1) return void req.socket.destroy();
      if (bodies.length === 2)
        return void res
          .writeHead(503, { 'retry-after': '1' })
          .end(json({ detail: { error: 'x', error_type: 'draining' } }));
      res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(json({ status: 'processing_started', turn_id: 't-1' }));
    });
    const ack = await client(server.url).send({
      message: 'hi',
      conversationId: 'c-1',
      idempotencyKey: 'k-1',
    });
    expect(ack.turn_id).toBe('t-1');
    expect(server.requests.map((request) => request.headers['idempotency-key'])).toEqual([
      'k-1',
      'k-1',
      'k-1',
    ]);
    expect(new Set(bodies)).toEqual(new Set([json({ message: 'hi', conversation_id: 'c-1' })]));
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret');
  });

  test('a refusal is told with everything the server said, and not repeated', async () => {
    server = await startServer((_req, res) => {
      res.writeHead(429, { 'retry-after': '30', 'x-request-id': 'r-1' });
      res.end(
        json({
          detail: { error: 'Too many messages.', error_type: 'rate_limit.messages', reason: 'per_minute' },
        }),
      );
    });
    const sent = client(server.url).send({ message: 'hi', idempotencyKey: 'k' });
    await expect(sent).rejects.toMatchObject({
      status: 429,
      errorType: 'rate_limit.messages',
      retryAfter: 30,
      requestId: 'r-1',
      reason: 'per_minute',
      message: 'Too many messages.',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('files travel as a form', async () => {
    let type = '';
    let text = '';
    server = await startServer((req, res, body) => {
      type = req.headers['content-type'] ?? '';
      text = body;
      res.end(json({ status: 'processing_started', turn_id: 't-1' }));
    });
    const attachments = [{ filename: 'a.txt', blob: new Blob(['inside']) }];
    await client(server.url).send({ message: 'hi', idempotencyKey: 'k', attachments });
    expect(type).toContain('multipart/form-data');
    expect(text).toContain('filename="a.txt"');
    expect(text).toContain('inside');
    expect(text).toContain('name="message"');
  });

  test('no server at all is a network error', async () => {
    server = await startServer((_req, res) => void res.end());
    const { url } = server;
    await server.close();
    server = undefined;
    await expect(client(url).send({ message: 'hi', idempotencyKey: 'k' })).rejects.toMatchObject({
      status: 0,
      errorType: 'network_error',
    });
  });
});

describe('ask', () => {
  const ack = {
    status: 'processing_started',
    turn_id: 't-1',
    queued_turn_id: null,
    conversation_id: 'c-1',
    last_log_id: '1-0',
  };

  test('goes on over a broken line and ends with its own turn', async () => {
    server = await startServer((req, res) => {
      openStream(res);
      if (req.method === 'POST') {
        res.write(
          frame(undefined, 'ready', { ack }) +
            frame('1-1', 'chat_start', envelope('chat.start')) +
            frame('1-2', 'chat_delta', delta('Hel')),
        );
        return void setTimeout(() => res.destroy(), 20);
      }
      res.write(frame('1-2', 'chat_delta', delta('Hel')) + frame('1-3', 'chat_delta', delta('lo')));
      res.write(frame('1-4', 'chat_complete', envelope('chat.complete', {}, 'other')));
      res.write(
        frame('1-5', 'chat_complete', envelope('chat.complete', { data: { final_answer: 'Hello' } })),
      );
    });
    const events: string[] = [];
    let text = '';
    for await (const event of client(server.url).ask({ message: 'hi', idempotencyKey: 'k' })) {
      events.push(event.event);
      const body = event.data as { delta?: { text: string } } | undefined;
      text += body?.delta?.text ?? '';
    }
    expect(text).toBe('Hello');
    expect(events.at(-1)).toBe('chat_complete');
    expect(server.requests.map((r) => [r.method, r.lastEventId])).toEqual([
      ['POST', undefined],
      ['GET', '1-2'],
    ]);
    expect(server.requests[1]?.url).toContain('conversation_id=c-1');
  });

  test.each([
    ['completed', 1],
    ['running', 2],
  ])('an end that was lost is asked for after a resync: the turn is %s', async (status, frames) => {
    server = await startServer((req, res) => {
      if (req.url?.includes('/fetch') === true)
        return void res.end(json({ conversation_id: 'c-1', turns: [{ turn_id: 't-1', status }] }));
      openStream(res);
      if (req.method === 'POST') return void res.end(frame(undefined, 'ready', { ack }));
      res.write(frame('2-1', 'resync', { turns: [] }));
      if (status === 'running')
        setTimeout(() => res.write(frame('2-2', 'chat_complete', envelope('chat.complete'))), 50);
    });
    const seen = await collect(client(server.url).ask({ message: 'hi', idempotencyKey: 'k' }));
    expect(seen.slice(1).map((event) => event.id)).toEqual(['2-1', '2-2'].slice(0, frames));
  });

  test('on the stream of the conversation nothing of another turn is told, and its deletion is the end', async () => {
    server = await startServer((req, res) => {
      openStream(res);
      if (req.method === 'POST') return void res.end(frame('1-0', 'ready', { ack }));
      res.write(frame('1-1', 'chat_delta', delta('not mine', 'answer', 'other')));
      res.write(frame('1-2', 'chat_error', envelope('chat.error', {}, 'other')));
      res.write(frame('1-3', 'chat_delta', delta('mine')));
      res.write(frame('1-4', 'conv_status', envelope('conv.status', { data: { state: 'deleted' } }, '')));
    });
    const seen = await collect(client(server.url).ask({ message: 'hi', idempotencyKey: 'k' }));
    expect(seen.map((event) => event.id)).toEqual(['1-0', '1-3', '1-4']);
  });

  test('a message that was taken in while the line was broken ends with that answer as well', async () => {
    server = await startServer((req, res) => {
      const turns = [
        { turn_id: 't-1', status: 'folded', folded_into: 't-0' },
        { turn_id: 't-0', status: 'running' },
      ];
      if (req.url?.includes('/fetch') === true) return void res.end(json({ conversation_id: 'c-1', turns }));
      openStream(res);
      if (req.method === 'POST') return void res.end(frame(undefined, 'ready', { ack }));
      res.write(frame('2-1', 'resync', { turns: [{ turn_id: 't-0', answer_so_far: '', log_id: '2-0' }] }));
      setTimeout(() => res.write(frame('2-2', 'chat_complete', envelope('chat.complete', {}, 't-0'))), 50);
    });
    const seen = await collect(client(server.url).ask({ message: 'hi', idempotencyKey: 'k' }));
    expect(seen.map((event) => event.id)).toEqual([undefined, '2-1', '2-2']);
  });

  test('a message taken into a running answer ends with that answer', async () => {
    server = await startServer((_req, res) => {
      openStream(res);
      res.write(frame(undefined, 'ready', { ...ack, turn_id: 't-2', queued_turn_id: 't-2' }));
      res.write(
        frame(
          '1-1',
          'chat_service',
          envelope('event.continuation.consumed', { data: { queued_turn_id: 't-2', turn_id: 't-1' } }),
        ),
      );
      res.write(frame('1-2', 'chat_complete', envelope('chat.complete', {}, 't-1')));
    });
    const seen = await collect(client(server.url).ask({ message: 'hi', idempotencyKey: 'k' }));
    expect(seen.map((event) => event.id)).toEqual([undefined, '1-1', '1-2']);
  });

  test('a refusal is thrown', async () => {
    server = await startServer(
      (_req, res) => void res.writeHead(400).end(json({ detail: 'message: too long' })),
    );
    const all = collect(client(server.url).ask({ message: 'hi', idempotencyKey: 'k' }));
    await expect(all).rejects.toMatchObject({ status: 400, message: 'message: too long' });
  });
});

test('a stream for an EventSource is opened with a ticket, not with the token', async () => {
  server = await startServer((_req, res) => void res.end(json({ ticket: 'once' })));
  const address = new URL(
    await client(server.url).streamAddress({ streamId: 's', conversationId: 'c', lastEventId: '1-2' }),
  );
  expect([address.pathname, Object.fromEntries(address.searchParams)]).toEqual([
    '/sse/stream',
    { stream_id: 's', follow: 'session', conversation_id: 'c', last_event_id: '1-2', stream_ticket: 'once' },
  ]);
  expect([
    server.requests[0]?.method,
    server.requests[0]?.url,
    server.requests[0]?.headers.authorization,
  ]).toEqual(['POST', '/api/auth/stream-ticket', 'Bearer secret']);
});

describe('conversations', () => {
  test('paths carry the scope and escape ids', async () => {
    server = await startServer((_req, res) => void res.end(json({ items: [] })));
    const { conversations } = client(server.url);
    await conversations.list({ lastN: 5 });
    await conversations.rename('a b', 'New');
    await conversations.feedback('c', 't', 'ok');
    await conversations.cancel('c', { queued: true });
    expect(server.requests.map((r) => `${r.method} ${r.url}`)).toEqual([
      'GET /api/cb/conversations/demo/main?last_n=5',
      'PATCH /api/cb/conversations/demo/main/a%20b',
      'POST /api/cb/conversations/demo/main/c/turns/t/feedback',
      'POST /api/chat/conversations/c/cancel?queued=1',
    ]);
  });
});

test('a replay that is never answered is given up as a line that broke', async () => {
  server = await startServer(() => undefined);
  const hurried = {
    now: () => performance.now() * 100,
    sleep: (ms: number, signal?: AbortSignal) => systemClientClock.sleep(ms / 100, signal),
  };
  const { replay } = createClient({ baseUrl: server.url, clock: hurried, random: () => 0.5 });
  await expect(replay({ conversationId: 'c-1', upTo: '1-1' })).rejects.toMatchObject({ status: 0 });
});
