import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { SseConnection, encodeSseFrame } from './sse-connection.ts';
import type { SseOptions } from './sse-connection.ts';

const open: Listening[] = [];
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close(0);
});

/** A server with one stream and a client that has its headers but has read nothing yet. */
async function connectStream(
  options: SseOptions,
): Promise<{ sse: SseConnection; answer: IncomingMessage; res: ServerResponse }> {
  let opened: { sse: SseConnection; res: ServerResponse } | undefined;
  const listening = await listen(
    (_req, res) => void (opened = { sse: new SseConnection(res, options), res }),
    { port: 0, host: '127.0.0.1' },
  );
  open.push(listening);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ port: listening.port }, resolve).on('error', reject).end();
  });
  answer.on('error', () => undefined);
  if (opened === undefined) throw new Error('no stream');
  return { ...opened, answer };
}

async function readAll(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe('encodeSseFrame', () => {
  it('writes id, event and every line of data', () => {
    expect(encodeSseFrame({ id: '1-2', event: 'chat_delta', data: 'a\nb\r\nc' })).toBe(
      'id: 1-2\nevent: chat_delta\ndata: a\ndata: b\ndata: c\n\n',
    );
    expect(encodeSseFrame({ id: '1-3' })).toBe('id: 1-3\n\n');
  });

  it.each(['\n', '\r', 'a\r\nb', '\0'])('refuses %j in id and event', (bad) => {
    expect(() => encodeSseFrame({ id: bad })).toThrow(TypeError);
    expect(() => encodeSseFrame({ event: bad })).toThrow(TypeError);
  });
});

describe('SseConnection', () => {
  it('says how long to wait, sends frames, and ends with a last one', async () => {
    const { sse, answer } = await connectStream({ headers: { 'X-Resumed-From': '1-1' } });
    expect(await sse.send({ id: '1-2', event: 'e', data: '{}' })).toBe(true);
    sse.close({ event: 'lagged', data: '{}' });
    sse.close();
    expect(await readAll(answer)).toBe(
      'retry: 1000\n\nid: 1-2\nevent: e\ndata: {}\n\nevent: lagged\ndata: {}\n\n',
    );
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers['x-resumed-from']).toBe('1-1');
    expect(await sse.send({ data: 'late' })).toBe(false);
    expect(sse.closeReason).toBe('ended');
  });

  it('breaks silence with a comment', async () => {
    const { sse, answer } = await connectStream({ keepaliveMs: 20 });
    answer.setEncoding('utf8');
    let text = '';
    while (!text.includes(': keepalive\n\n')) {
      const [chunk] = (await once(answer, 'data')) as [string];
      text += chunk;
    }
    sse.close();
  });

  it('notices that the client went away and leaves no timer and no listener', async () => {
    const { sse, answer, res } = await connectStream({ keepaliveMs: 10 });
    answer.destroy();
    await once(sse.signal, 'abort');
    expect([sse.closeReason, await sse.send({ data: 'x' })]).toEqual(['client_gone', false]);
    expect([res.listenerCount('drain'), sse.signal.aborted]).toEqual([0, true]);
  });

  it('waits while the client does not read, and goes on when it does', async () => {
    const { sse, answer } = await connectStream({ maxBufferBytes: 1024 });
    answer.pause();
    const frame = { data: 'x'.repeat(256 * 1024) };
    let waiting: Promise<boolean> = Promise.resolve(true);
    let isWaiting = false;
    for (let sent = 0; !isWaiting && sent < 200; sent += 1) {
      waiting = sse.send(frame);
      isWaiting =
        (await Promise.race([
          waiting.then(() => 'sent'),
          new Promise((resolve) => setTimeout(resolve, 50, 'waits')),
        ])) === 'waits';
    }
    expect(isWaiting).toBe(true);
    answer.resume();
    expect(await waiting).toBe(true);
    sse.close();
  });

  it('lets a client go that takes nothing for too long, and wakes every waiter', async () => {
    const { sse, answer } = await connectStream({ maxBufferBytes: 1024, drainLimitMs: 30 });
    answer.pause();
    const frame = { data: 'x'.repeat(1024 * 1024) };
    const results = await Promise.all(Array.from({ length: 10 }, () => sse.send(frame)));
    expect(results.at(-1)).toBe(false);
    expect(sse.closeReason).toBe('client_slow');
  });
});
