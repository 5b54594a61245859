import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { createTokenVault } from '@switchyard/identity';
import { Deadline, Secret, createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { askHost, lastingPort, redisTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { makeCertificate, openCertificateFolder } from '../test/make-certificate.ts';
import { echo, startUpstream } from '../test/proxy-lab.ts';
import type { Echoed } from '../test/proxy-lab.ts';
import { start } from './compose.ts';
import { settings } from './env.ts';

const MASTER_KEY = 'a master key of the length that it must have';

redisTest('the whole service: a cookie of the vault signs in, the stop leaves nothing', async ({ redis }) => {
  const upstream = await startUpstream(echo('ingress'));
  const { tenant, project, url: redisUrl } = redis;
  const sitesPort = await lastingPort();
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    SITES_PORT: String(sitesPort),
    PROC_URL: upstream.url,
    LOG_LEVEL: 'silent',
    TENANT: tenant,
    PROJECT: project,
    REDIS_URL: redisUrl,
  };
  const config = loadConfig(
    settings,
    { ...env, SWITCHYARD_MASTER_KEY: MASTER_KEY, INGRESS_URL: upstream.url },
    'web-proxy',
  );
  const service = await start(config);
  const connection = await connectRedis({ url: redisUrl, name: 'test', kind: 'commands' });
  const vault = createTokenVault({
    redis: connection,
    keys: createKeys({ tenant, project }),
    clock: systemClock,
    ids: createIds(systemClock, randomBytes),
    masterKeys: { current: new Secret(MASTER_KEY), former: [] },
  });
  const cookie = await vault.mask('the-token', Date.now() + 60_000);
  const address = `http://127.0.0.1:${service.port}`;
  const ask = async (value: string) => {
    const response = await fetch(`${address}/profile`, { headers: { cookie: `__Secure-LMTC=${value}` } });
    return ((await response.json()) as Echoed).headers['authorization'];
  };
  expect(await ask(cookie)).toBe('Bearer the-token');
  expect(await ask('A'.repeat(43))).toBeUndefined();
  expect(await ask('nonsense')).toBeUndefined();
  const site = await askHost(sitesPort, 'blog.localhost', '/profile');
  expect((JSON.parse(site.text) as Echoed).url).toBe('/site-root/profile');
  await service.stop(Deadline.in(5000));
  await expect(fetch(address)).rejects.toThrow();
  await expect(askHost(sitesPort, 'blog.localhost', '/')).rejects.toThrow();
  await connection.close();
  await upstream.close();
});

redisTest("a platform's own host is never a site", async ({ redis }) => {
  const config = loadConfig(
    settings,
    {
      REDIS_URL: redis.url,
      SWITCHYARD_MASTER_KEY: MASTER_KEY,
      PORT: '0',
      SITES_PORT: '0',
      LOG_LEVEL: 'silent',
      PUBLIC_URL: 'https://Chat.example.com:8443',
      SITE_HOSTS: '*.example.com',
    },
    'web-proxy',
  );
  await expect(start(config)).rejects.toThrow('SITE_HOSTS names the host of PUBLIC_URL');
});

redisTest('with certificates: HTTPS, the way to it, and new files at a signal', async ({ redis }) => {
  const folder = await openCertificateFolder();
  await folder.put('main', await makeCertificate(['localhost']));
  const ui = await startUpstream(echo('ui'));
  const httpPort = await lastingPort();
  const port = await lastingPort();
  const env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    SITES_PORT: '0',
    HTTP_PORT: String(httpPort),
    TLS_DIR: folder.dir,
    TLS_CHECK_INTERVAL: '1h',
    WEB_UI_URL: ui.url,
    LOG_LEVEL: 'silent',
    TENANT: redis.tenant,
    PROJECT: redis.project,
    REDIS_URL: redis.url,
    SWITCHYARD_MASTER_KEY: MASTER_KEY,
  };
  const service = await start(loadConfig(settings, env, 'web-proxy'));
  const secure = (): Promise<{ name: string; headers: IncomingHttpHeaders }> =>
    new Promise((resolve, reject) => {
      const asked = request(
        { port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, agent: false },
        (answer) => {
          const { subject } = (answer.socket as TLSSocket).getPeerCertificate();
          answer.resume();
          answer.once('end', () => resolve({ name: String(subject.CN), headers: answer.headers }));
        },
      );
      asked.once('error', reject);
      asked.end();
    });
  const first = await secure();
  expect(first.name).toBe('localhost');
  expect(first.headers['strict-transport-security']).toBe('max-age=31536000');

  const sent = await askHost(httpPort, 'localhost', '/c/1?a=b');
  expect([sent.status, sent.headers.location]).toEqual([308, `https://localhost:${port}/c/1?a=b`]);
  expect((await askHost(httpPort, 'evil.example', '/')).status).toBe(400);

  await folder.put('main', await makeCertificate(['renewed.example.com', 'localhost']));
  process.kill(process.pid, 'SIGHUP');
  await expect.poll(async () => (await secure()).name).toBe('renewed.example.com');
  await service.stop(Deadline.in(5000));
  await ui.close();
  await folder.remove();
});

const MISMEANT: readonly [Record<string, string>, string][] = [
  [{ INGRESS_URL: 'http://a:1, b' }, 'INGRESS_URL'],
  [{ PROC_URL: 'http://a:1/path' }, 'PROC_URL'],
  [{ WEB_UI_URL: 'ftp://a' }, 'WEB_UI_URL'],
  [{ LOGIN_URL: 'http://a:1?x' }, 'LOGIN_URL'],
  [{ TLS_KEY_FILE: '/key' }, 'TLS_CERT_FILE'],
  [{ TRUSTED_PROXIES: '10.0.0.0/99' }, 'TRUSTED_PROXIES'],
];

redisTest('settings that cannot be meant so are said by name', async ({ redis }) => {
  const base = {
    REDIS_URL: redis.url,
    SWITCHYARD_MASTER_KEY: MASTER_KEY,
    PORT: '0',
    SITES_PORT: '0',
    LOG_LEVEL: 'silent',
  };
  for (const [env, name] of MISMEANT)
    await expect(start(loadConfig(settings, { ...base, ...env }, 'web-proxy'))).rejects.toThrow(name);
});
