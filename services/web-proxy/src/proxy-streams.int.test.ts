import { createServer } from 'node:http';
import { connect } from 'node:net';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { expect } from 'vitest';
import { proxyTest } from '../test/proxy-lab.ts';
import type { ServerResponse } from 'node:http';

const SSE = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' };

proxyTest('each chunk of a stream arrives before the next one is written', async ({ lab }) => {
  const opened = Promise.withResolvers<ServerResponse>();
  const ingress = await lab.upstream((_request, response) => {
    response.writeHead(200, SSE);
    response.flushHeaders();
    opened.resolve(response);
  });
  const { url } = await lab.start({ targets: { ingress: ingress.url } });
  // Headers come through before there is any byte of body: otherwise this would wait for ever.
  const answer = await fetch(`${url}/sse/stream`, { headers: { accept: 'text/event-stream' } });
  const stream = await opened.promise;
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let index = 0; index < 50; index += 1) {
    const chunk = `id: ${index}\ndata: {"n":${index}}\n\n`;
    stream.write(chunk);
    // Only the arrival of this chunk lets the loop write the next.
    expect((await reader?.read())?.value).toBe(chunk);
  }
  // One byte at a time passes too: nothing waits for a line, a frame or a full buffer.
  for (const letter of ': keepalive\n\n') {
    stream.write(letter);
    expect((await reader?.read())?.value).toBe(letter);
  }
  stream.end();
  expect((await reader?.read())?.done).toBe(true);
});

/** The body of an answer in chunks, read to the letter, and what came behind it. Undefined: it is not all there yet. */
const readChunks = (bytes: Buffer): { readonly body: string; readonly rest: string } | undefined => {
  let at = bytes.indexOf('\r\n\r\n') + 4;
  const parts: Buffer[] = [];
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = bytes.toString('latin1', at, lineEnd);
    expect(size).toMatch(/^[0-9a-f]+$/u);
    const end = lineEnd + 2 + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return undefined;
    expect(bytes.toString('latin1', end, end + 2)).toBe('\r\n');
    if (size === '0')
      return { body: Buffer.concat(parts).toString(), rest: bytes.toString('latin1', end + 2) };
    parts.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
};

proxyTest('a stream is framed to the letter, and its connection serves on after it', async ({ lab }) => {
  // One that looks like an end, one that is larger than a buffer, and letters of more than a byte.
  const pieces = ['data: 1\n\n', '\r\n0\r\n\r\n', 'x'.repeat(300_000), 'data: über\n\n'];
  const ingress = await lab.upstream((request, response) => {
    if (request.url !== '/sse/stream') return void response.end('whole');
    response.writeHead(200, SSE);
    for (const piece of pieces) response.write(piece);
    setImmediate(() => response.end());
  });
  const { url } = await lab.start({ targets: { ingress: ingress.url } });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const ask = (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  for (const path of ['/sse/stream', '/sse/stream']) {
    ask(path);
    await expect
      .poll(() => readChunks(bytes), { timeout: 20_000 })
      .toEqual({ body: pieces.join(''), rest: '' });
    expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*transfer-encoding: chunked\r\n/iu);
    bytes = Buffer.alloc(0);
    ask('/profile');
    await expect.poll(() => bytes.toString('latin1'), { timeout: 20_000 }).toMatch(/^HTTP[^]*whole/u);
    bytes = Buffer.alloc(0);
  }
  socket.destroy();
});

proxyTest('who asks with HTTP/1.0, or for the head alone, gets a stream without chunks', async ({ lab }) => {
  const ingress = await lab.upstream((_request, response) => {
    response.writeHead(200, SSE);
    response.end('data: 1\n\n');
  });
  const { url } = await lab.start({ targets: { ingress: ingress.url } });
  const ask = async (request: string): Promise<string> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => void socket.write(request));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('latin1');
  };
  const whole = await ask('GET /sse/stream HTTP/1.0\r\nHost: localhost\r\n\r\n');
  expect(whole).toMatch(/\r\n\r\ndata: 1\n\n$/u);
  expect(whole).not.toMatch(/transfer-encoding/iu);
  const head = await ask('HEAD /sse/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/u);
});

proxyTest('the upstream half ends when the client goes away', async ({ lab }) => {
  const ended = Promise.withResolvers<void>();
  const ingress = await lab.upstream((_request, response) => {
    response.writeHead(200, SSE);
    response.write('data: 1\n\n');
    response.once('close', () => ended.resolve());
  });
  const { url } = await lab.start({ targets: { ingress: ingress.url } });
  const controller = new AbortController();
  const answer = await fetch(`${url}/sse/stream`, { signal: controller.signal });
  await answer.body?.getReader().read();
  controller.abort();
  await ended.promise;
});

proxyTest('the upstream half ends when the client goes away before an answer', async ({ lab }) => {
  const arrived = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const ingress = await lab.upstream((_request, response) => {
    arrived.resolve();
    response.once('close', () => ended.resolve());
  });
  const { url } = await lab.start({ targets: { ingress: ingress.url } });
  const controller = new AbortController();
  const asked = fetch(`${url}/profile`, { signal: controller.signal }).catch((error: unknown) => error);
  await arrived.promise;
  controller.abort();
  await Promise.all([ended.promise, asked]);
});

proxyTest('draining ends streams after their time', async ({ lab }) => {
  const ingress = await lab.upstream((_request, response) => {
    response.writeHead(200, SSE);
    response.write('data: 1\n\n');
  });
  const { url, listener } = await lab.start({ targets: { ingress: ingress.url } });
  const answer = await fetch(`${url}/sse/stream`, { headers: { accept: 'text/event-stream' } });
  const reader = answer.body?.getReader();
  await reader?.read();
  const start = performance.now();
  await listener.drain({ streamMs: 20, waitMs: 60_000 });
  expect(performance.now() - start).toBeLessThan(5000);
  await expect(reader?.read()).rejects.toThrow();
});

const startSockets = async () => {
  const server = createServer();
  const sockets = new SocketServer(server, { maxHttpBufferSize: 1e6 });
  sockets.on('connection', (socket) => {
    socket.on('ping-me', (data: unknown, ack: (answer: unknown) => void) =>
      ack({
        data,
        authorization: socket.handshake.headers.authorization,
        transport: socket.conn.transport.name,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => sockets.close() };
};

for (const transport of ['websocket', 'polling'] as const) {
  proxyTest(`Socket.IO over ${transport}, with the cookie unmasked`, async ({ lab }) => {
    const sockets = await startSockets();
    const { url } = await lab.start({
      targets: { ingress: sockets.url },
      unmask: () => Promise.resolve('the-token'),
    });
    const extraHeaders = { cookie: '__Secure-LMTC=known', origin: url };
    const client = io(url, { transports: [transport], extraHeaders, reconnection: false });
    const answer: unknown = await client.timeout(5000).emitWithAck('ping-me', Buffer.from('binary'));
    expect(answer).toMatchObject({ authorization: 'Bearer the-token', transport });
    client.disconnect();
    await sockets.close();
  });
}

proxyTest('a WebSocket of another site is refused when a cookie speaks for it', async ({ lab }) => {
  const sockets = await startSockets();
  const { url } = await lab.start({
    targets: { ingress: sockets.url },
    unmask: () => Promise.resolve('the-token'),
  });
  const extraHeaders = { cookie: '__Secure-LMTC=known', origin: 'http://evil.example' };
  const client = io(url, { transports: ['websocket'], extraHeaders, reconnection: false });
  const error = await new Promise<Error>((resolve) => client.once('connect_error', resolve));
  expect(error.message).toContain('websocket error');
  client.disconnect();
  await sockets.close();
});

proxyTest('a WebSocket whose upstream is down is closed with 503', async ({ lab }) => {
  const { url } = await lab.start({});
  const client = io(url, { transports: ['websocket'], reconnection: false });
  const error = await new Promise<Error & { description?: unknown }>((resolve) =>
    client.once('connect_error', resolve),
  );
  expect(error.message).toContain('websocket error');
  client.disconnect();
});
