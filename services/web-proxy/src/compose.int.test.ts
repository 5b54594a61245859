import { randomBytes } from 'node:crypto';
import { createTokenVault } from '@switchyard/identity';
import { Deadline, Secret, createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { askHost, lastingPort, redisTest } from '@switchyard/testkit';
import { expect } from 'vitest';
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
    masterKey: new Secret(MASTER_KEY),
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
