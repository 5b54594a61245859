import { askHost } from '@switchyard/testkit';
import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import type { Echoed } from '../proxy-lab.ts';

/** What a service believes of a request, sent from outside in every writing. */
const SPOOFED = [
  'Forwarded',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Port',
  'X-Forwarded-Prefix',
  'X-Forwarded-User',
  'X-FORWARDED-CLIENT-CERT',
  'X-Real-IP',
  'X-Client-IP',
  'X-Remote-User',
  'X-Session-Id',
  'X-User-Type',
  'X-User-Id',
  'X-User-Name',
  'X-Username',
  'X-User-Roles',
  'X-Tenant',
  'X-Project',
  'X-Switchyard-Site-Origin',
  'x-switchyard-anything',
  'CF-Connecting-IP',
  'True-Client-IP',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Proxy',
] as const;
const MARK = '203.0.113.66';

proxyTest('nothing that a service believes comes from outside', async ({ lab }) => {
  const proc = await lab.upstream(echo('proc'));
  const { listener, sitesPort } = await lab.start({
    targets: { ingress: proc.url, proc: proc.url, ui: proc.url },
  });
  const headers = Object.fromEntries(SPOOFED.map((name) => [name, MARK]));
  for (const port of [listener.port, sitesPort])
    for (const path of ['/profile', '/api/integrations/bundles', '/sites/a/', '/'])
      for (const method of ['GET', 'POST']) {
        const { text, headers: answered } = await askHost(port, 'localhost', path, { headers, method });
        expect(text).not.toContain(MARK);
        expect(JSON.stringify(answered)).not.toContain(MARK);
      }
});

proxyTest('Connection strips nothing that a service relies on', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    unmask: () => Promise.resolve('the-token'),
  });
  const { text } = await askHost(listener.port, 'localhost', '/profile', {
    headers: {
      cookie: '__Secure-LMTC=known',
      connection:
        'close, authorization, x-forwarded-for, x-forwarded-proto, x-forwarded-host, x-request-id, host, cookie',
    },
  });
  expect((JSON.parse(text) as Echoed).headers).toMatchObject({
    authorization: 'Bearer the-token',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'localhost',
    'x-request-id': 'made-here',
  });
});

/** What a trusted proxy says about the client, and who is taken for it. */
const TOLD: readonly [string, string][] = [
  ['198.51.100.7', '198.51.100.7'],
  ['203.0.113.66, 198.51.100.7', '198.51.100.7'],
  ['203.0.113.66, 198.51.100.7, 10.1.2.3', '198.51.100.7'],
  ['::ffff:198.51.100.7', '198.51.100.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['203.0.113.66, nonsense', '127.0.0.1'],
  ['203.0.113.66, nonsense, 10.1.2.3', '10.1.2.3'],
  ['', '127.0.0.1'],
];

proxyTest(
  'only a trusted proxy is asked who the client is, and only its last word counts',
  async ({ lab }) => {
    const ui = await lab.upstream(echo('ui'));
    const trusting = await lab.start({
      targets: { ui: ui.url },
      trustedProxies: ['127.0.0.1', '10.0.0.0/8', '::1'],
    });
    const ask = async (port: number, headers: Record<string, string>) =>
      (JSON.parse((await askHost(port, 'a', '/', { headers })).text) as Echoed).headers;
    for (const [said, believed] of TOLD) {
      const seen = await ask(trusting.listener.port, {
        'x-forwarded-for': said,
        'x-forwarded-proto': 'https',
      });
      expect([said, seen['x-forwarded-for'], seen['x-forwarded-proto']]).toEqual([said, believed, 'https']);
    }
    const other = await lab.start({ targets: { ui: ui.url }, trustedProxies: ['10.0.0.0/8'] });
    const seen = await ask(other.listener.port, {
      'x-forwarded-for': '198.51.100.7',
      'x-forwarded-proto': 'https',
    });
    expect([seen['x-forwarded-for'], seen['x-forwarded-proto']]).toEqual(['127.0.0.1', 'http']);
  },
);
