import { askHost } from '@switchyard/testkit';
import type { HostAnswer } from '@switchyard/testkit';
import { expect } from 'vitest';
import { echo, proxyTest } from '../test/proxy-lab.ts';
import type { Echoed } from '../test/proxy-lab.ts';

const readEcho = ({ text }: HostAnswer): Echoed => JSON.parse(text) as Echoed;
const known = (cookie: string) => Promise.resolve(cookie === 'known' ? 'the-token' : undefined);

proxyTest('on the port of sites every path is one of a site, as it was written', async ({ lab }) => {
  const proc = await lab.upstream(echo('proc'));
  const { sitesPort } = await lab.start({ targets: { proc: proc.url } });
  const paths = [
    '/',
    '/health',
    '/metrics',
    '/admin/lanes',
    '/sse/chat?stream_id=a',
    '/sites/other/',
    '/../admin/integrations/bundles',
    '/%2e%2e/admin/integrations/bundles',
    '//admin/integrations/bundles',
    '/a\\b',
    '/%zz',
    '/?q=/../a',
  ];
  for (const path of paths) {
    const seen = readEcho(await askHost(sitesPort, 'blog.localhost:8081', path));
    expect(seen).toMatchObject({
      upstream: 'proc',
      url: `/site-root${path}`,
      headers: {
        'x-switchyard-site-origin': 'own',
        'x-forwarded-host': 'blog.localhost:8081',
        host: 'blog.localhost:8081',
      },
    });
  }
  for (const path of ['http://blog.localhost/', '*', 'admin'])
    expect((await askHost(sitesPort, 'blog.localhost', path)).status).toBe(400);
});

proxyTest('a site has an origin of its own by its port or its host, never by its word', async ({ lab }) => {
  const [proc, ui] = [await lab.upstream(echo('proc')), await lab.upstream(echo('ui'))];
  const { listener } = await lab.start({
    targets: { proc: proc.url, ui: ui.url },
    siteHosts: ['docs.example.com', '*.sites.example.com'],
  });
  const ask = async (host: string, path = '/a') =>
    readEcho(
      await askHost(listener.port, host, path, {
        headers: { 'x-switchyard-site-origin': 'own', 'x-forwarded-host': 'blog.localhost' },
      }),
    );
  for (const host of ['docs.example.com', 'DOCS.example.com.:443', 'blog.sites.example.com:8080'])
    expect(await ask(host)).toMatchObject({
      upstream: 'proc',
      url: '/site-root/a',
      headers: { 'x-switchyard-site-origin': 'own', 'x-forwarded-host': host },
    });
  for (const host of ['example.com', 'evil-docs.example.com', 'a.b.sites.example.com', 'sites.example.com'])
    expect((await ask(host)).upstream).toBe('ui');
  const shared = await ask('chat.example.com', '/site-root/a');
  expect([shared.upstream, shared.url]).toEqual(['proc', '/site-root/a']);
  expect(shared.headers['x-switchyard-site-origin']).toBeUndefined();
  expect(shared.headers['x-forwarded-host']).toBe('chat.example.com');
});

proxyTest("on the platform's origin a site gets no cookies and sets none", async ({ lab }) => {
  const proc = await lab.upstream((request, response) => {
    response.setHeader('set-cookie', ['a=1', '__Secure-LMTC=evil; Secure']);
    echo('proc')(request, response);
  });
  const { listener, sitesPort } = await lab.start({ targets: { proc: proc.url }, unmask: known });
  const cookie = '__Secure-LMTC=known; __Secure-LATC=t; theme=dark; CF_Authorization=jwt';
  for (const path of ['/sites/blog/', '/site-root/a', '/site-root?a=1', '/site-root']) {
    const answer = await askHost(listener.port, 'localhost', path, { headers: { cookie } });
    expect(readEcho(answer).headers).toMatchObject({
      // Of whom access is a matter, proc hears; it tells no handler.
      authorization: 'Bearer the-token',
      cookie: 'CF_Authorization=jwt',
    });
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  const none = await askHost(listener.port, 'localhost', '/sites/blog/', { headers: { cookie: 'a=1' } });
  expect(readEcho(none).headers['cookie']).toBeUndefined();

  const own = await askHost(sitesPort, 'localhost:8081', '/', { headers: { cookie } });
  expect(readEcho(own).headers['cookie']).toBe('theme=dark; CF_Authorization=jwt');
  expect(own.headers['set-cookie']).toEqual(['a=1']);
  expect(own.headers['x-frame-options']).toBeUndefined();
  expect(own.headers['x-content-type-options']).toBe('nosniff');
});

proxyTest('a site cannot set a cookie of the platform in any writing', async ({ lab }) => {
  const bad = [
    '__Secure-LMTC=a',
    ' __Secure-LMTC =a',
    '=__Secure-LATC=a',
    '= __Secure-LITC',
    '__Secure-LMTC',
  ];
  const proc = await lab.upstream((_request, response) => {
    response.setHeader('set-cookie', [...bad, 'mine=__Secure-LMTC=a']);
    response.end();
  });
  const { sitesPort } = await lab.start({ targets: { proc: proc.url } });
  const { headers } = await askHost(sitesPort, 'localhost', '/');
  expect(headers['set-cookie']).toEqual(['mine=__Secure-LMTC=a']);
});

proxyTest('a sign-in says nothing for a request that another site has a page make', async ({ lab }) => {
  const proc = await lab.upstream(echo('proc'));
  const { sitesPort } = await lab.start({ targets: { proc: proc.url }, unmask: known });
  const post = async (headers: Record<string, string>) =>
    readEcho(
      await askHost(sitesPort, 'localhost:8081', '/api/order', {
        method: 'POST',
        headers: { cookie: '__Secure-LMTC=known; cart=3', ...headers },
      }),
    ).headers;
  const foreign = await post({ 'sec-fetch-site': 'same-site', origin: 'http://localhost:8080' });
  expect([foreign['authorization'], foreign['cookie']]).toEqual([undefined, 'cart=3']);
  const own = await post({ 'sec-fetch-site': 'same-origin' });
  expect([own['authorization'], own['cookie']]).toEqual(['Bearer the-token', 'cart=3']);
});

proxyTest('bodies and silences of sites have limits of their own', async ({ lab }) => {
  const proc = await lab.upstream((request, response) => {
    if (request.url?.endsWith('/slow') === true) setTimeout(() => response.end('late'), 300);
    else echo('proc')(request, response);
  });
  const { listener, sitesPort } = await lab.start({
    targets: { proc: proc.url, ingress: proc.url },
    maxBodyBytes: 1000,
    maxSiteBodyBytes: 1024 * 1024,
    idleTimeoutMs: 100,
    siteIdleTimeoutMs: 10_000,
  });
  const body = Buffer.alloc(1024 * 1024);
  const post = (port: number, path: string, size = body) =>
    askHost(port, 'localhost', path, { method: 'POST', body: size });
  expect((await post(listener.port, '/sse/chat')).status).toBe(413);
  expect(readEcho(await post(listener.port, '/sites/blog/api/a')).size).toBe(body.length);
  expect(readEcho(await post(sitesPort, '/api/a')).size).toBe(body.length);
  expect((await post(sitesPort, '/api/a', Buffer.alloc(1024 * 1024 + 257 * 1024))).status).toBe(413);
  expect((await askHost(sitesPort, 'localhost', '/slow')).text).toBe('late');
  expect((await askHost(listener.port, 'localhost', '/sse/slow')).status).toBe(504);
});
