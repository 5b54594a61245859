import { once } from 'node:events';
import { request as ask } from 'node:http';
import type { ServerResponse } from 'node:http';
import { expect } from 'vitest';
import { NOBODY, echo, proxyTest } from '../test/proxy-lab.ts';
import type { Echoed, ProxyLab } from '../test/proxy-lab.ts';
import { requestOf, sendRaw } from '@switchyard/testkit';

/** Two of one service that count what they are asked, and say whether they are ready as they are told to. */
const startPair = async (lab: ProxyLab, ready: Record<string, boolean> = {}) => {
  const asked: Record<string, string[]> = { a: [], b: [] };
  const start = (name: string) =>
    lab.upstream((request, response) => {
      if (request.url === '/health/ready') {
        response.writeHead(ready[name] === false ? 503 : 200).end();
        return;
      }
      asked[name]?.push(`${request.method} ${request.url}`);
      if (request.url === '/profile?hold') return;
      if (request.url === '/profile?die') request.socket.destroy();
      else if (request.url?.startsWith('/sse/stream') === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${name}\n\n`);
      } else echo(name)(request, response);
    });
  const [a, b] = [await start('a'), await start('b')];
  return { asked, urls: [a.url, b.url], ready };
};

const nameOf = async (url: string): Promise<string> => ((await (await fetch(url)).json()) as Echoed).upstream;

proxyTest('requests go to each of a service, and least to the one with most under way', async ({ lab }) => {
  const { urls, asked } = await startPair(lab);
  const { url } = await lab.start({ targets: { ingress: urls } });
  const names = [];
  for (let index = 0; index < 10; index += 1) names.push(await nameOf(`${url}/profile`));
  expect(names.filter((name) => name === 'a')).toHaveLength(5);

  const controller = new AbortController();
  const held = fetch(`${url}/profile?hold`, { signal: controller.signal }).catch(() => undefined);
  const holds = () => Object.entries(asked).find(([, list]) => list.includes('GET /profile?hold'))?.[0];
  await expect.poll(holds).toBeDefined();
  for (let index = 0; index < 6; index += 1) expect(await nameOf(`${url}/profile`)).not.toBe(holds());
  // What its client has left is over: both are asked again.
  controller.abort();
  await held;
  await expect.poll(() => nameOf(`${url}/profile`)).toBe(holds());
});

/** The last one is asked first, and is not known to be away: only the first look is over before a minute. */
const firstToNobody = (there: string) => ({ targets: { ingress: [there, NOBODY] }, checkMs: 60_000 });

proxyTest('what reached nobody goes to another, with its whole body', async ({ lab }) => {
  const ingress = await lab.upstream(echo('there'));
  const whole = { method: 'POST', body: 'x'.repeat(300_000) };
  const chunks = ReadableStream.from(Array.from({ length: 30 }, () => Buffer.alloc(10_000)));
  for (const init of [whole, { method: 'POST', body: chunks, duplex: 'half' as const }]) {
    const { url } = await lab.start(firstToNobody(ingress.url));
    const seen = (await (await fetch(`${url}/sse/chat`, init)).json()) as Echoed;
    expect(seen).toMatchObject({ upstream: 'there', size: 300_000 });
  }
});

proxyTest('a service of which nobody is there is 503, once all were tried', async ({ lab }) => {
  const { url } = await lab.start({ targets: { ingress: [NOBODY, NOBODY_ELSE] } });
  expect((await fetch(`${url}/sse/chat`, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(503);
});

/** Reserved for TCP and served by nothing. */
const NOBODY_ELSE = 'http://127.0.0.1:1';

/** What breaks off without an answer, and how often it may have been sent. */
const BROKEN: readonly [
  string,
  { method: string; headers?: Record<string, string>; body?: string },
  number,
][] = [
  ['a GET', { method: 'GET' }, 2],
  ['a HEAD', { method: 'HEAD' }, 2],
  ['a GET that waits for a stream', { method: 'GET', headers: { accept: 'text/event-stream' } }, 1],
  ['a POST', { method: 'POST', body: 'x' }, 1],
  ['a POST without a body', { method: 'POST' }, 1],
  ['a DELETE', { method: 'DELETE' }, 1],
];

proxyTest('what a service may have seen is sent again only if it changes nothing', async ({ lab }) => {
  const { urls, asked } = await startPair(lab);
  for (const [name, init, times] of BROKEN) {
    // Another proxy each time, with no kept connections.
    const { url } = await lab.start({ targets: { ingress: urls } });
    for (const list of Object.values(asked)) list.length = 0;
    expect([name, (await fetch(`${url}/profile?die`, init)).status]).toEqual([name, 503]);
    expect([name, Object.values(asked).flat().length]).toEqual([name, times]);
  }
});

proxyTest('one that says that it is not ready gets nothing new, and what it has stays', async ({ lab }) => {
  const { urls, asked, ready } = await startPair(lab);
  const { url } = await lab.start({ targets: { ingress: urls } });
  const stream = await fetch(`${url}/sse/stream`, { headers: { accept: 'text/event-stream' } });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  const at = (await reader?.read())?.value?.includes('data: a') === true ? 'a' : 'b';
  const other = at === 'a' ? 'b' : 'a';
  ready[at] = false;
  // While it is still thought to be ready it may be asked.
  await expect.poll(() => askedOf(url, 5)).toEqual([other]);
  // Not even the one with nothing under way counts then.
  for (let index = 0; index < 10; index += 1) expect(await nameOf(`${url}/profile`)).toBe(other);
  expect(asked[at]?.filter((line) => line === 'GET /sse/stream')).toHaveLength(1);
  let isOver = false;
  void reader?.closed.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  ready[at] = true;
  await expect.poll(() => askedOf(url, 5)).toEqual(['a', 'b']);
  expect(isOver).toBe(false);
  await reader?.cancel();
});

/** Who answers so many requests at once. */
const askedOf = async (url: string, count: number): Promise<string[]> =>
  [...new Set(await Promise.all(Array.from({ length: count }, () => nameOf(`${url}/profile`))))].toSorted();

proxyTest('when none is ready they are asked, and say no themselves', async ({ lab }) => {
  const { urls } = await startPair(lab, { a: false, b: false });
  const { url } = await lab.start({ targets: { ingress: urls } });
  await expect.poll(() => nameOf(`${url}/profile`)).toMatch(/^[ab]$/u);
});

proxyTest('a WebSocket that reached nobody is refused, and the next one goes elsewhere', async ({ lab }) => {
  const ingress = await lab.upstream((_request, response) => response.end());
  ingress.server.on('upgrade', (_request, socket) => {
    socket.end(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nServer: x\r\n\r\nhello',
    );
  });
  const { listener } = await lab.start(firstToNobody(ingress.url));
  const text = requestOf([
    'GET /socket.io/ HTTP/1.1',
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ]);
  const answers = [];
  for (let index = 0; index < 4; index += 1) answers.push(await sendRaw(listener.port, text));
  expect(answers.map(({ statuses }) => statuses)).toEqual([[503], [101], [101], [101]]);
  expect(answers.at(-1)?.text).toContain('hello');
  expect(answers.at(-1)?.text).not.toMatch(/^server:/imu);
});

proxyTest('streams end one after the other while draining', async ({ lab }) => {
  const ingress = await lab.upstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  const { listener } = await lab.start({ targets: { ingress: ingress.url } });
  const endedAt: number[] = [];
  const open = async (): Promise<void> => {
    const stream = ask({
      port: listener.port,
      host: '127.0.0.1',
      path: '/sse/stream',
      headers: { accept: 'text/event-stream' },
      agent: false,
    });
    stream.on('error', () => {});
    stream.end();
    const [answer] = (await once(stream, 'response')) as [NodeJS.ReadableStream & ServerResponse];
    answer.on('error', () => {});
    answer.on('close', () => endedAt.push(performance.now()));
    answer.resume();
  };
  await Promise.all(Array.from({ length: 40 }, open));
  await listener.drain({ streamMs: 500, waitMs: 60_000 });
  await expect.poll(() => endedAt.length).toBe(40);
  const lasted = Math.max(...endedAt) - Math.min(...endedAt);
  expect(lasted).toBeGreaterThan(250);
  // No quarter of the time has half of them.
  const inQuarters = Map.groupBy(endedAt, (at) => Math.floor((at - Math.min(...endedAt)) / (lasted / 4)));
  for (const each of inQuarters.values()) expect(each.length).toBeLessThan(20);
});
