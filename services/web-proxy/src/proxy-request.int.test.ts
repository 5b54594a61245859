import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { echo, proxyTest } from '../test/proxy-lab.ts';
import type { Echoed } from '../test/proxy-lab.ts';

interface ErrorAnswer {
  detail: { error: string; error_type: string; request_id?: string };
}

const readEcho = async (response: Response): Promise<Echoed> => (await response.json()) as Echoed;
const readError = async (response: Response): Promise<ErrorAnswer> => (await response.json()) as ErrorAnswer;

proxyTest('each path reaches its service with query and body', async ({ lab }) => {
  const [ingress, proc, ui] = await Promise.all(
    ['ingress', 'proc', 'ui'].map((name) => lab.upstream(echo(name))),
  );
  const { url } = await lab.start({ targets: { ingress: ingress?.url, proc: proc?.url, ui: ui?.url } });
  const submitted = await readEcho(
    await fetch(`${url}/sse/chat?stream_id=a`, { method: 'POST', body: 'x'.repeat(70_000) }),
  );
  expect(submitted).toMatchObject({
    upstream: 'ingress',
    method: 'POST',
    url: '/sse/chat?stream_id=a',
    size: 70_000,
  });
  expect(await readEcho(await fetch(`${url}/api/integrations/bundles`))).toMatchObject({ upstream: 'proc' });
  expect(await readEcho(await fetch(`${url}/any/page`))).toMatchObject({ upstream: 'ui' });
  expect((await fetch(`${url}/auth/session`)).status).toBe(404);
});

proxyTest('headers from outside are cleaned, ours are set', async ({ lab }) => {
  const ui = await lab.upstream(echo('ui'));
  const { url } = await lab.start({ targets: { ui: ui.url } });
  const response = await fetch(url, {
    headers: {
      'x-forwarded-for': '1.1.1.1',
      'x-user-type': 'privileged',
      'x-request-id': 'mine-1',
      'x-user-timezone': 'UTC',
    },
  });
  const { headers } = await readEcho(response);
  expect(headers).toMatchObject({
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-request-id': 'mine-1',
    'x-user-timezone': 'UTC',
  });
  expect(headers['x-user-type']).toBeUndefined();
  expect(response.headers.get('x-request-id')).toBe('mine-1');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

proxyTest("a service's own headers win over the proxy's, its hop and name do not pass", async ({ lab }) => {
  const ui = await lab.upstream((_request, response) => {
    response.setHeader('x-frame-options', 'DENY');
    response.setHeader('x-powered-by', 'something');
    response.setHeader('proxy-authenticate', 'Basic');
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.end('ok');
  });
  const { url } = await lab.start({ targets: { ui: ui.url } });
  const { headers } = await fetch(url);
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('proxy-authenticate')).toBeNull();
  expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(headers.get('content-security-policy')).toBeNull();
});

proxyTest('a page of the platform that says nothing of its own runs nothing', async ({ lab }) => {
  const ui = await lab.upstream((request, response) => {
    if (request.url === '/own') response.setHeader('content-security-policy', "default-src 'self'");
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<script>1</script>');
  });
  const { url } = await lab.start({ targets: { ui: ui.url, ingress: ui.url, proc: ui.url } });
  for (const path of ['/', '/profile', '/admin/x', '/api/integrations/x']) {
    const { headers } = await fetch(`${url}${path}`);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  }
  expect((await fetch(`${url}/own`)).headers.get('content-security-policy')).toBe("default-src 'self'");
  // A site's rules are chat-proc's.
  expect((await fetch(`${url}/sites/blog/`)).headers.get('content-security-policy')).toBeNull();
});

proxyTest('the masked cookie becomes the token it stands for', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const unmask = (cookie: string) => Promise.resolve(cookie === 'known' ? 'the-token' : undefined);
  const { url } = await lab.start({ targets: { ingress: ingress.url }, unmask });
  const ask = async (headers: Record<string, string>, method = 'GET') =>
    fetch(`${url}/profile`, { method, headers });
  const known = await readEcho(await ask({ cookie: '__Secure-LMTC=known; theme=dark' }));
  expect(known.headers).toMatchObject({ authorization: 'Bearer the-token', cookie: 'theme=dark' });
  const unknown = await readEcho(await ask({ cookie: '__Secure-LMTC=other' }));
  expect(unknown.headers['authorization']).toBeUndefined();
  expect(unknown.headers['cookie']).toBeUndefined();
  const bearer = await readEcho(
    await ask({ cookie: '__Secure-LMTC=known', authorization: 'Bearer own' }, 'POST'),
  );
  expect(bearer.headers['authorization']).toBe('Bearer own');
});

proxyTest('a cookie speaks only for requests of our own pages', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { url } = await lab.start({
    targets: { ingress: ingress.url },
    unmask: () => Promise.resolve('the-token'),
  });
  const post = (headers: Record<string, string>) =>
    fetch(`${url}/sse/chat`, { method: 'POST', headers: { cookie: '__Secure-LMTC=known', ...headers } });
  const refused = await post({ origin: 'http://evil.example' });
  expect(refused.status).toBe(403);
  expect((await readError(refused)).detail.error_type).toBe('auth.csrf');
  expect((await post({})).status).toBe(403);
  expect((await post({ origin: url })).status).toBe(200);
});

proxyTest('an announced body over the limit is refused before it is read', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { url } = await lab.start({ targets: { ingress: ingress.url }, maxBodyBytes: 1000 });
  const response = await fetch(`${url}/sse/chat`, { method: 'POST', body: Buffer.alloc(1000 + 300 * 1024) });
  expect(response.status).toBe(413);
  expect((await readError(response)).detail.error_type).toBe('request.too_large');
  expect((await fetch(`${url}/sse/chat`, { method: 'POST', body: 'small' })).status).toBe(200);
});

proxyTest('a chunked body is counted while it passes', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { url } = await lab.start({ targets: { ingress: ingress.url }, maxBodyBytes: 1000 });
  const send = (chunks: number) =>
    fetch(`${url}/sse/chat`, {
      method: 'POST',
      duplex: 'half',
      body: ReadableStream.from(Array.from({ length: chunks }, () => Buffer.alloc(10_000))),
    });
  expect(await readEcho(await send(3))).toMatchObject({ size: 30_000 });
  expect((await send(40)).status).toBe(413);
});

proxyTest('an upstream that is down is 503 with Retry-After and no inside', async ({ lab }) => {
  const { url } = await lab.start({});
  const response = await fetch(`${url}/profile`);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  const text = await response.text();
  expect(text).toContain('upstream_unavailable');
  expect(text).not.toMatch(/ECONN|127\.0\.0\.1|at /);
});

proxyTest('an upstream that stays silent is 504', async ({ lab }) => {
  const ui = await lab.upstream(() => {});
  const { url } = await lab.start({ targets: { ui: ui.url }, idleTimeoutMs: 100 });
  expect((await fetch(url)).status).toBe(504);
});

proxyTest('an upstream that breaks off in mid-answer breaks off the client too', async ({ lab }) => {
  const ui = await lab.upstream((_request, response) => {
    response.write('half');
    setImmediate(() => response.destroy());
  });
  const { url } = await lab.start({ targets: { ui: ui.url } });
  await expect(fetch(url).then((response) => response.text())).rejects.toThrow();
});

proxyTest(
  'a kept connection that closes under a request: reading is tried again, writing is not',
  async ({ lab }) => {
    const answers = new Map<unknown, number>();
    const ui = await lab.upstream((request, response) => {
      const answered = answers.get(request.socket) ?? 0;
      answers.set(request.socket, answered + 1);
      // A connection answers one request; the next one finds it closing.
      if (answered === 0) response.end('ok');
      else request.socket.destroy();
    });
    const { url } = await lab.start({ targets: { ui: ui.url } });
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(503);
  },
);

proxyTest('draining answers what is under way and accepts nothing new', async ({ lab }) => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const ui = await lab.upstream((_request, response) => {
    arrived.resolve();
    void release.promise.then(() => response.end('done'));
  });
  const { url, listener } = await lab.start({ targets: { ui: ui.url } });
  const underWay = fetch(url);
  await arrived.promise;
  const drained = listener.drain({ streamMs: 0, waitMs: 5000 });
  await expect(fetch(url)).rejects.toThrow();
  release.resolve();
  expect(await (await underWay).text()).toBe('done');
  await drained;
});

proxyTest('health is the proxy own', async ({ lab }) => {
  const { url } = await lab.start({});
  expect((await fetch(`${url}/health/ready`)).status).toBe(200);
});

proxyTest('a request line that is no request is answered and closed', async ({ lab }) => {
  const { listener } = await lab.start({});
  const socket = connect(listener.port, '127.0.0.1');
  socket.end('not http\r\n\r\n');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 400/);
});
