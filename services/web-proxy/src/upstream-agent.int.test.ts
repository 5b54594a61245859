import { once } from 'node:events';
import { request as ask } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../test/make-certificate.ts';
import { echo, proxyTest } from '../test/proxy-lab.ts';
import { UpstreamAgent } from './upstream-agent.ts';

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** A service that says these bytes to each request, and what connections it has. */
const startService = async (bytes: string) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', () => socket.write(bytes));
  });
  const port = await portOf(server);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, sockets };
};

const startAgent = (port: number) => {
  const clock = { now: 0 };
  const agent = new UpstreamAgent(
    { hostname: '127.0.0.1', port, isSecure: false },
    { connectTimeoutMs: 1000, now: () => clock.now },
  );
  onTestFinished(() => agent.destroy());
  return { agent, clock };
};

/** Asks once and resolves when the connection is free again. */
const askOver = async (
  agent: UpstreamAgent,
): Promise<{ request: ClientRequest; socket: Socket; text: string }> => {
  const request = ask({ agent, path: '/', headers: ['host', 'a'] });
  request.end();
  const [socket] = (await once(request, 'socket')) as [Socket];
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  agent.noteKeepAlive(socket, answer.rawHeaders);
  let text = '';
  const free = once(socket, 'free');
  for await (const chunk of answer) text += String(chunk);
  await free;
  return { request, socket, text };
};

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a connection is kept for the next request, and let go before the service lets go of it', async () => {
  const { port, sockets } = await startService(OK.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=5\r\n\r\n'));
  const { agent, clock } = startAgent(port);
  await askOver(agent);
  clock.now = 3900;
  expect((await askOver(agent)).request.reusedSocket).toBe(true);
  clock.now += 4100;
  expect((await askOver(agent)).request.reusedSocket).toBe(false);
  expect(sockets).toHaveLength(2);
});

test('one without a word on it is kept until it ends', async () => {
  const { port, sockets } = await startService(OK);
  const { agent, clock } = startAgent(port);
  const first = await askOver(agent);
  clock.now = 86_400_000;
  expect((await askOver(agent)).request.reusedSocket).toBe(true);
  const closed = once(first.socket, 'close');
  sockets[0]?.end();
  await closed;
  expect((await askOver(agent)).request.reusedSocket).toBe(false);
});

test('what a service says between two requests is not the answer to the next', async () => {
  const { port, sockets } = await startService(OK);
  const { agent } = startAgent(port);
  const { socket } = await askOver(agent);
  const { bytesRead } = socket;
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
  await expect.poll(() => socket.bytesRead).toBeGreaterThan(bytesRead);
  const next = await askOver(agent);
  expect([next.text, next.request.reusedSocket, socket.destroyed]).toEqual(['ok', false, true]);
});

proxyTest(
  'a service that nobody vouches for gets nothing; one that somebody does is asked',
  async ({ lab }) => {
    let asked = 0;
    const { cert, key } = await makeCertificate(['localhost']);
    const service = createSecureServer({ cert, key }, (request, response) => {
      asked += 1;
      echo('secure')(request, response);
    });
    const target = `https://localhost:${await portOf(service)}`;
    onTestFinished(() => void service.close());
    const post = async (): Promise<number> => {
      const { url } = await lab.start({ targets: { ingress: target } });
      return (await fetch(`${url}/sse/chat`, { method: 'POST', body: 'a secret' })).status;
    };
    expect([await post(), asked]).toEqual([503, 0]);
    const known = getCACertificates('default');
    onTestFinished(() => setDefaultCACertificates(known));
    setDefaultCACertificates([...known, (await makeCertificate(['localhost'])).cert]);
    expect([await post(), asked]).toEqual([503, 0]);
    setDefaultCACertificates([...known, cert]);
    expect([await post(), asked]).toEqual([200, 1]);
  },
);
