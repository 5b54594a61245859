import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { encodeSseFrame } from './encode-sse-frame.ts';
import { SseConnection } from './sse-connection.ts';
import type { SseOptions } from './sse-connection.ts';
import { SseOutlet } from './sse-outlet.ts';

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
    const { sse, answer } = await connectStream({ outlet: new SseOutlet(20) });
    answer.setEncoding('utf8');
    let text = '';
    while (!text.includes(': keepalive\n\n')) {
      const [chunk] = (await once(answer, 'data')) as [string];
      text += chunk;
    }
    sse.close();
  });

  it('notices that the client went away and leaves no timer and no listener', async () => {
    const { sse, answer, res } = await connectStream({ outlet: new SseOutlet(10) });
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

  it('says that a client is behind, and calls back once when it has read', async () => {
    const { sse, answer } = await connectStream({ maxBufferBytes: 1024 });
    answer.pause();
    let written = sse.write({ data: 'x' });
    while (written === 'sent') written = sse.write({ data: 'x'.repeat(256 * 1024) });
    expect(written).toBe('behind');
    const drained = Promise.all([1, 2].map(() => new Promise((resolve) => sse.whenDrained(resolve))));
    answer.resume();
    expect(await drained).toEqual([true, true]);
    sse.close();
    const late = new Promise((resolve) => sse.whenDrained(resolve));
    expect([await late, sse.write({ data: 'late' })]).toEqual([false, 'over']);
  });

  it('what is written while it holds leaves together, also when that was its end', async () => {
    const { sse, answer, res } = await connectStream({});
    const { socket } = res;
    if (socket === null) throw new Error('no socket');
    const writes: number[] = [];
    const writev = socket._writev?.bind(socket);
    Reflect.set(socket, '_writev', (chunks: unknown[], done: (error?: Error | null) => void) => {
      writes.push(chunks.length);
      writev?.(chunks as Parameters<NonNullable<typeof writev>>[0], done);
    });
    sse.hold();
    for (const data of ['a', 'b', 'c']) sse.write({ data });
    expect(writes).toEqual([]);
    sse.release();
    expect(writes).toEqual([3]);
    sse.hold();
    sse.write({ data: 'd' });
    sse.close({ data: 'e' });
    sse.release();
    sse.release();
    expect(await readAll(answer)).toBe(
      `retry: 1000\n\n${'abcde'
        .split('')
        .map((data) => `data: ${data}\n\n`)
        .join('')}`,
    );
  });

  it('tells its owner once that it is over', async () => {
    const reasons: string[] = [];
    const { sse } = await connectStream({ onEnd: (reason) => reasons.push(reason) });
    sse.close();
    sse.destroy();
    expect(reasons).toEqual(['ended']);
  });
});

/** Two requests in one write, or one without chunks: answers as they are on the wire. */
async function readRaw(requests: string): Promise<string> {
  const listening = await listen(
    (_req, res) => {
      const sse = new SseConnection(res);
      sse.write({ id: '1-1', data: 'ü' });
      setImmediate(() => {
        sse.write({ id: '1-2', data: 'b' });
        sse.close();
      });
    },
    { port: 0, host: '127.0.0.1' },
  );
  open.push(listening);
  const socket = connect(listening.port, '127.0.0.1');
  socket.end(requests);
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  return text;
}

describe('an answer on the wire', () => {
  const FRAMES = 'retry: 1000\n\nid: 1-1\ndata: ü\n\nid: 1-2\ndata: b\n\n';
  const CHUNKS =
    'd\r\nretry: 1000\n\n\r\n12\r\nid: 1-1\ndata: ü\n\n\r\n11\r\nid: 1-2\ndata: b\n\n\r\n0\r\n\r\n';

  it('has its headers first, and chunks of the right lengths', async () => {
    const text = await readRaw('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(CHUNKS);
  });

  it('has no chunks for a client that knows none', async () => {
    const text = await readRaw('GET / HTTP/1.0\r\n\r\n');
    expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(FRAMES);
  });

  it('waits its turn behind an answer of the same connection', async () => {
    const request = 'GET / HTTP/1.1\r\nhost: x\r\n';
    const text = await readRaw(`${request}\r\n${request}connection: close\r\n\r\n`);
    const [, first, second] = text.split(/^HTTP\/1.1 200 OK\r\n/m);
    expect(first?.slice(first.indexOf('\r\n\r\n') + 4)).toBe(CHUNKS);
    expect(textOfChunks(second?.slice(second.indexOf('\r\n\r\n') + 4) ?? '')).toBe(FRAMES);
  });
});

/** Joins the chunks of a body. Lengths count bytes. */
function textOfChunks(body: string): string {
  let rest = Buffer.from(body);
  let text = '';
  for (;;) {
    const end = rest.indexOf('\r\n');
    const length = Number.parseInt(rest.subarray(0, end).toString(), 16);
    if (length === 0) return text;
    text += rest.subarray(end + 2, end + 2 + length).toString();
    rest = rest.subarray(end + 4 + length);
  }
}
