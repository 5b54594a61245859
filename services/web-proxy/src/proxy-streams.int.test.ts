import { createServer } from 'node:http';
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
