import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { X509Certificate, randomBytes } from 'node:crypto';
import { createRenewals } from '@switchyard/identity';
import { Deadline, Secret, createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { makeAuthority, redisTest } from '@switchyard/testkit';
import type { Authority, RedisFixture } from '@switchyard/testkit';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { start } from './compose.ts';
import { settings } from './env.ts';

/** The same certificate may be written in two ways. */
const trusted = (): Set<string> =>
  new Set(getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256));

const MASTER_KEY = 'a master key of the length that it must have';

/** A service behind TLS that answers with its name and notes what it was asked. */
async function startSecure(name: string, authority: Authority, ...names: readonly [string, ...string[]]) {
  const { cert, key } = await authority.issue(...names);
  const asked: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    if (request.url?.startsWith('/socket.io') === true) return;
    asked.push(request.url ?? '');
    response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { server, asked, url: `https://localhost:${(server.address() as AddressInfo).port}` };
}

async function setUp(redis: RedisFixture) {
  const [authority, stranger] = [await makeAuthority(), await makeAuthority()];
  onTestFinished(async () => {
    await authority.remove();
    await stranger.remove();
  });
  const startProxy = async (env: Record<string, string>) => {
    const common = {
      HOST: '127.0.0.1',
      PORT: '0',
      SITES_PORT: '0',
      LOG_LEVEL: 'silent',
      TENANT: redis.tenant,
      PROJECT: redis.project,
      REDIS_URL: redis.url,
      SWITCHYARD_MASTER_KEY: MASTER_KEY,
      UPSTREAM_CHECK_INTERVAL: '50ms',
    };
    const service = await start(loadConfig(settings, { ...common, ...env }, 'web-proxy'));
    return { url: `http://127.0.0.1:${service.port}`, stop: () => service.stop(Deadline.in(5_000)) };
  };
  return { authority, stranger, startProxy };
}

redisTest(
  'requests, WebSockets, health and renewals go over HTTPS to whom the authority vouches for',
  async ({ redis }) => {
    const { authority, startProxy } = await setUp(redis);
    const [one, two, login] = [
      await startSecure('one', authority, 'localhost'),
      await startSecure('two', authority, 'localhost'),
      await startSecure('login', authority, 'localhost'),
    ];
    for (const { server } of [one, two]) {
      const sockets = new Server(server);
      sockets.on('connection', (socket) => void socket.emit('hello'));
      onTestFinished(() => sockets.close());
    }
    const known = trusted();
    const proxy = await startProxy({
      INGRESS_URL: `${one.url},${two.url}`,
      LOGIN_URL: login.url,
      INTERNAL_CA_FILE: authority.certFile,
    });
    expect((await fetch(`${proxy.url}/profile`)).status).toBe(200);
    // Each of several is asked whether it is ready.
    await expect
      .poll(() => [one, two].map(({ asked }) => asked.includes('/health/ready')))
      .toEqual([true, true]);
    expect((await fetch(`${proxy.url}/profile`)).status).toBe(200);
    const socket = io(proxy.url, { transports: ['websocket'], reconnection: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('hello', resolve);
      socket.once('connect_error', reject);
    });
    socket.close();

    const connection = await connectRedis({ url: redis.url, name: 'test', kind: 'commands' });
    const keys = createKeys(redis);
    const renewals = createRenewals({
      redis: connection,
      keys,
      clock: systemClock,
      ids: createIds(systemClock, randomBytes),
      masterKeys: { current: new Secret(MASTER_KEY), former: [] },
      aheadMs: 0,
    });
    const now = Date.now();
    const renewal = { signInId: 's', userId: 'ann' };
    const cookie = await renewals.mask({ token: 't', expiresAt: now + 1, renewal }, now + 60_000);
    await expect
      .poll(async () => {
        await fetch(`${proxy.url}/profile`, { headers: { cookie: `__Secure-LMTC=${cookie}` } });
        return login.asked;
      })
      .toContain('/internal/renew');
    await connection.close();
    await proxy.stop();
    expect(trusted()).toEqual(known);
  },
);

redisTest('another authority or another name: 503, and nothing was sent', async ({ redis }) => {
  const { authority, stranger, startProxy } = await setUp(redis);
  const [named, elsewhere] = [
    await startSecure('named', authority, 'localhost'),
    await startSecure('elsewhere', authority, 'chat-proc'),
  ];
  for (const [url, file] of [
    [named.url, stranger.certFile],
    [named.url, ''],
    [elsewhere.url, authority.certFile],
  ] as const) {
    const proxy = await startProxy({ INGRESS_URL: url, INTERNAL_CA_FILE: file });
    const answer = await fetch(`${proxy.url}/sse/chat`, { method: 'POST', body: 'a secret' });
    expect(answer.status).toBe(503);
    await proxy.stop();
  }
  // Whom Node trusts vouches for nobody where a file says who does.
  const former = getCACertificates('default');
  onTestFinished(() => setDefaultCACertificates(former));
  setDefaultCACertificates([...former, authority.cert]);
  const strict = await startProxy({ INGRESS_URL: named.url, INTERNAL_CA_FILE: stranger.certFile });
  expect((await fetch(`${strict.url}/profile`)).status).toBe(503);
  await strict.stop();
  expect([named.asked, elsewhere.asked]).toEqual([[], []]);
  await expect(startProxy({ INTERNAL_CA_FILE: '/is/not/there' })).rejects.toThrow('INTERNAL_CA_FILE');
});
