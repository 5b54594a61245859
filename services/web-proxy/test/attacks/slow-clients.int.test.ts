import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import type { RunningUpstream } from '../proxy-lab.ts';
import { openSlow, requestOf, sendRaw } from '@switchyard/testkit';
import type { SlowClient } from '@switchyard/testkit';

const ok = requestOf(['GET /profile HTTP/1.1', 'Host: a', 'Connection: close']);
const upload = ['POST /sse/chat HTTP/1.1', 'Host: a'];

/** Sends a byte from time to time until the other side has had enough. */
const drip = (client: SlowClient, byte: string, everyMs: number): void => {
  const timer = setInterval(() => client.socket.write(byte), everyMs);
  client.socket.once('close', () => clearInterval(timer));
};

/** Begins of requests that never come to an end, and what is dripped after them. */
const SLOW: Readonly<Record<string, { begin: string; drips?: string }>> = {
  'says nothing': { begin: '' },
  'half a first line': { begin: 'GET /pro' },
  'half a head': { begin: 'GET /profile HTTP/1.1\r\nHost: a\r\n' },
  'a head that goes on': { begin: 'GET /profile HTTP/1.1\r\nHost: a\r\nX-A: ', drips: 'a' },
  'empty lines before a request': { begin: '\r\n', drips: '\r\n' },
  'a body that does not come': { begin: requestOf([...upload, 'Content-Length: 100']) },
  'half a body': { begin: requestOf([...upload, 'Content-Length: 100'], 'half') },
  'a body that goes on': { begin: requestOf([...upload, 'Content-Length: 100000']), drips: 'a' },
  'half a chunk': { begin: requestOf([...upload, 'Transfer-Encoding: chunked'], '64\r\nhalf') },
  'chunks that go on': {
    begin: requestOf([...upload, 'Transfer-Encoding: chunked']),
    drips: '1\r\na\r\n',
  },
};

proxyTest('who is slow is told so and let go, and nobody else waits for him', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const start = (requestTimeoutMs: number) =>
    lab.start({
      targets: { ingress: ingress.url },
      bodyIdleMs: 600,
      limits: { headersTimeoutMs: 800, requestTimeoutMs },
    });
  // Who says nothing is let go long before the time of a whole request, who goes on and on when that is over.
  const [{ listener }, forever] = await Promise.all([start(2500), start(600_000)]);
  const clients = await Promise.all(
    Object.entries(SLOW).map(async ([name, { begin, drips }]) => {
      const { port } = drips === undefined ? forever.listener : listener;
      const client = await openSlow(port, begin);
      if (drips !== undefined) drip(client, drips, 50);
      return { name, client };
    }),
  );
  expect((await sendRaw(listener.port, ok)).statuses).toEqual([200]);
  for (const { name, client } of clients) {
    const { statuses, errorTypes } = await client.answer;
    expect([name, statuses, errorTypes]).toEqual([name, [408], ['request.timeout']]);
  }
  await expect.poll(() => openSockets(ingress)).toBeLessThanOrEqual(1);
});

/** Connections that a service has with the proxy. */
const openSockets = (upstream: RunningUpstream): Promise<number> =>
  new Promise((resolve) => upstream.server.getConnections((_error, count) => resolve(count)));

proxyTest('a body waits for a slow service as long as that may take', async ({ lab }) => {
  const ingress = await lab.upstream((request, response) => {
    // Takes nothing for longer than a client may be silent, and then all of it.
    setTimeout(() => echo('ingress')(request, response), 1500);
  });
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    maxBodyBytes: 16 * 1024 * 1024,
    bodyIdleMs: 500,
  });
  const size = 8 * 1024 * 1024;
  const answer = await sendRaw(
    listener.port,
    requestOf([...upload, `Content-Length: ${size}`, 'Connection: close'], 'a'.repeat(size)),
  );
  expect(answer.statuses).toEqual([200]);
  expect(answer.text).toContain(`"size":${size}`);
});

proxyTest('a kept connection is let go after its time, without a word', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    limits: { keepAliveTimeoutMs: 100 },
  });
  const { statuses } = await sendRaw(listener.port, requestOf(['GET /profile HTTP/1.1', 'Host: a']));
  expect(statuses).toEqual([200]);
});

/** By name with `CROWD=10000`, all of it in one process: three file descriptors for each (`ulimit -n 32000`). */
const CROWD = Number(process.env['CROWD'] ?? 400);
/** Of each connection that begins and does not go on: far over what one takes, far under what a body or a buffer would. */
const BYTES_EACH = 64 * 1024;

proxyTest(
  `a crowd of ${CROWD} that begin and do not go on takes little, and goes`,
  async ({ lab }) => {
    const ingress = await lab.upstream(echo('ingress'));
    const { listener } = await lab.start({
      targets: { ingress: ingress.url },
      bodyIdleMs: 20_000,
      maxConnectionsPerAddress: CROWD + 10,
      limits: { headersTimeoutMs: 20_000, requestTimeoutMs: 60_000 },
    });
    const begins = Object.values(SLOW).map(({ begin }) => begin);
    const before = process.memoryUsage().rss;
    const clients: SlowClient[] = [];
    for (let index = 0; index < CROWD; index += 1)
      clients.push(await openSlow(listener.port, begins[index % begins.length] ?? ''));
    await expect.poll(() => countOpen(listener.server)).toBe(CROWD);
    // The crowd's own ends are in this process, too: both are counted.
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024 + CROWD * BYTES_EACH);
    expect((await sendRaw(listener.port, ok)).statuses).toEqual([200]);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(() => countOpen(listener.server)).toBe(0);
    await expect.poll(() => openSockets(ingress)).toBeLessThanOrEqual(1);
  },
  120_000,
);

const countOpen = (server: { getConnections(done: (error: Error | null, count: number) => void): void }) =>
  new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));

proxyTest('one address has only so many connections, all together only so many', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const mine = await lab.start({ targets: { ingress: ingress.url }, maxConnectionsPerAddress: 5 });
  const held = await Promise.all(Array.from({ length: 5 }, () => openSlow(mine.listener.port, 'GET')));
  // The port of sites counts with the same hand.
  for (const port of [mine.listener.port, mine.sitesPort])
    expect((await sendRaw(port, ok)).statuses).toEqual([]);
  held[0]?.socket.destroy();
  await expect.poll(async () => (await sendRaw(mine.listener.port, ok)).statuses).toEqual([200]);

  const all = await lab.start({ targets: { ingress: ingress.url }, limits: { maxConnections: 3 } });
  const others = await Promise.all(Array.from({ length: 3 }, () => openSlow(all.listener.port, 'GET')));
  await expect.poll(() => countOpen(all.listener.server)).toBe(3);
  expect((await sendRaw(all.listener.port, ok)).statuses).toEqual([]);
  others[0]?.socket.destroy();
  await expect.poll(async () => (await sendRaw(all.listener.port, ok)).statuses).toEqual([200]);
});

proxyTest('clients behind a trusted proxy are counted each by itself', async ({ lab }) => {
  const ingress = await lab.upstream((request, response) => {
    if (request.url === '/profile') echo('ingress')(request, response);
  });
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    trustedProxies: ['127.0.0.1'],
    maxConnectionsPerAddress: 3,
  });
  const from = (address: string, path: string) =>
    requestOf([`GET ${path} HTTP/1.1`, 'Host: a', `X-Forwarded-For: ${address}`, 'Connection: close']);
  const held = await Promise.all(
    Array.from({ length: 3 }, (_, at) => openSlow(listener.port, from(`2001:db8::${at}`, '/sse/silent'))),
  );
  await expect
    .poll(async () => (await sendRaw(listener.port, from('2001:db8::ffff', '/profile'))).statuses)
    .toEqual([429]);
  const refused = await sendRaw(listener.port, from('2001:db8::ffff', '/profile'));
  expect(refused.errorTypes).toEqual(['rate_limit.exceeded']);
  expect(refused.text).toMatch(/^Retry-After: 1\r$/mu);
  for (const other of ['2001:db8:0:1::1', '198.51.100.7'])
    expect((await sendRaw(listener.port, from(other, '/profile'))).statuses).toEqual([200]);
  for (const { socket } of held) socket.destroy();
  await expect
    .poll(async () => (await sendRaw(listener.port, from('2001:db8::ffff', '/profile'))).statuses)
    .toEqual([200]);
});
