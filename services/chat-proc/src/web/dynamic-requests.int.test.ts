import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, vi } from 'vitest';
import { webTest as test } from '../../test/web-rig.ts';
import type { WebWorker } from '../../test/web-rig.ts';

const errorTypeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { detail: { error_type: string } }).detail.error_type;

/** What came back for bytes as they are, until the server closes or says nothing more for a while. */
function sendRaw(port: number, text: string, until: (said: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (until(said)) socket.end();
    });
    socket.once('close', () => resolve(said));
    socket.once('error', reject);
    socket.write(text);
  });
}
const isClosed = (): boolean => false;

const saysSoon = (worker: WebWorker, bundleId: string, text: string): Promise<void> =>
  vi.waitFor(() => expect(worker.wrote(bundleId)).toContain(text), { timeout: 20_000, interval: 20 });

const becomes = (worker: WebWorker, path: string, wanted: object): Promise<void> =>
  vi.waitFor(
    async () => expect(await (await fetch(`${worker.origin}${path}`)).json()).toMatchObject(wanted),
    {
      timeout: 20_000,
      interval: 20,
    },
  );

describe('what a handler is given', () => {
  test('the message: query with repeats, headers, cookies, body; nothing that proves somebody to the platform', async ({
    rig,
  }) => {
    const { origin } = await rig.start();
    const answer = await fetch(`${origin}/api/message/a%20b?x=1&x=2&y=%26`, {
      method: 'POST',
      headers: {
        'content-type': 'text/plain',
        cookie: 'own=1; __Secure-LATC=secret; CF_Authorization=secret; other="two"',
        authorization: 'Bearer secret',
        'cf-connecting-ip': '10.0.0.9',
        'cf-access-jwt-assertion': 'secret',
        'x-id-token': 'secret',
        'x-forwarded-host': 'evil.example',
        'x-own': 'kept',
      },
      body: 'bödy',
    });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).not.toContain('secret');
    expect(text).not.toContain('evil.example');
    const message = JSON.parse(text) as { headers: [string, string][] };
    expect(message).toMatchObject({
      site: 'shop',
      method: 'POST',
      path: '/api/message/a%20b',
      query: [
        ['x', '1'],
        ['x', '2'],
        ['y', '&'],
      ],
      cookies: { own: '1', other: '"two"' },
      body: Buffer.from('bödy').toString('latin1'),
      client: { ip: '127.0.0.1' },
    });
    expect(message.headers).toContainEqual(['x-own', 'kept']);
    expect(message.headers.map(([name]) => name)).not.toContain('connection');
  });

  test("Authorization where the route asks for it, and never the platform's own token", async ({ rig }) => {
    rig.site('shop', {}, [{ pattern: '/api/*', forwardAuthorization: true }]);
    const worker = await rig.start();
    const headersFor = async (authorization: string, base = '') => {
      const answer = await fetch(`${worker.origin}${base}/api/message`, { headers: { authorization } });
      return ((await answer.json()) as { headers: [string, string][] }).headers;
    };
    expect(await headersFor('Basic abc')).toContainEqual(['authorization', 'Basic abc']);
    const shared = await headersFor('Basic abc', '/sites/shop');
    expect(shared.map(([name]) => name)).not.toContain('authorization');
    const own = `Bearer ${await worker.token('registered')}`;
    expect((await headersFor(own)).map(([name]) => name)).not.toContain('authorization');
  });

  test('a Request by fetch, with the site and an address of the site', async ({ rig }) => {
    const { origin } = await rig.start();
    expect(await (await fetch(`${origin}/fetch/hello`)).text()).toBe('hello from shop');
    const answer = await fetch(`${origin}/sites/shop/fetch/request?a=1`, { method: 'PUT', body: 'text' });
    expect(await answer.json()).toMatchObject({
      method: 'PUT',
      url: `${origin}/fetch/request?a=1`,
      body: 'text',
      user: null,
    });
  });

  test('a large body as a stream, a small one whole, and none over the limit', async ({ rig }) => {
    const { origin } = await rig.start({ webBodyBuffer: '100KiB', webBodyLimit: '3MiB' });
    const send = (path: string, size: number) =>
      fetch(`${origin}${path}`, { method: 'POST', body: new Uint8Array(size) });
    expect(await (await send('/api/size', 90_000)).json()).toEqual({ way: 'whole', size: 90_000 });
    expect(await (await send('/api/size', 2_500_000)).json()).toEqual({ way: 'stream', size: 2_500_000 });
    const announced = await send('/api/size', 4_000_000);
    expect([announced.status, await errorTypeOf(announced)]).toEqual([413, 'request.too_large']);
    const piece = new Uint8Array(500_000);
    const chunked = (path: string, pieces: number) =>
      fetch(`${origin}${path}`, {
        method: 'POST',
        duplex: 'half',
        body: new ReadableStream({
          pull(controller) {
            if (pieces-- === 0) controller.close();
            else controller.enqueue(piece);
          },
        }),
      });
    expect(await (await chunked('/api/size', 4)).json()).toEqual({ way: 'stream', size: 2_000_000 });
    expect((await chunked('/api/size', 10)).status).toBe(413);
    expect((await chunked('/fetch/request', 10)).status).toBe(413);
  });

  test('compressed bytes as they came: nothing is unpacked on the way', async ({ rig }) => {
    const { origin } = await rig.start();
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const answer = await fetch(`${origin}/api/size`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: bomb,
    });
    expect(await answer.json()).toEqual({ way: 'whole', size: bomb.length });
  });
});

describe('what a client is given', () => {
  test("whole headers, several cookies, and not those that are the platform's", async ({ rig }) => {
    const { origin } = await rig.start();
    const answer = await fetch(`${origin}/api/cookies`, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/done');
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; HttpOnly']);
    expect(answer.headers.get('x-own')).toBe('kept');
    expect(answer.headers.get('content-security-policy')).toBe(null);
    const shared = await fetch(`${origin}/sites/shop/api/cookies`, { redirect: 'manual' });
    expect(shared.headers.get('location')).toBe('/sites/shop/done');
    expect(shared.headers.getSetCookie()).toEqual([]);
    expect(shared.headers.get('content-security-policy')).toContain('sandbox');
  });

  test('binary both ways, through both forms', async ({ rig }) => {
    const { origin } = await rig.start();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256);
    for (const path of ['/api/bytes', '/fetch/echo']) {
      const answer = await fetch(`${origin}${path}`, { method: 'POST', body: bytes });
      expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), Buffer.from(bytes))).toBe(0);
    }
  });

  test('an answer that its author did not await', async ({ rig }) => {
    const { origin } = await rig.start();
    expect((await (await fetch(`${origin}/api/unawaited`)).text()).length).toBe(200_000);
  });

  test('the first of several answers; the later ones are told its status', async ({ rig }) => {
    const worker = await rig.start();
    const answer = await fetch(`${worker.origin}/api/twice`);
    expect([answer.status, await answer.text()]).toEqual([201, 'first']);
    await becomes(worker, '/api/seen', { told: [{ status: 201 }, { status: 201 }] });
  });

  test('the first of two answers at once', async ({ rig }) => {
    const worker = await rig.start();
    const answer = await fetch(`${worker.origin}/api/both`);
    expect([answer.status, await answer.text()]).toEqual([201, 'answer 201']);
    await becomes(worker, '/api/seen', { told: [{ status: 201 }, { status: 201 }] });
  });

  test('events while they come; who leaves ends them', async ({ rig }) => {
    const worker = await rig.start();
    const left = new AbortController();
    const answer = await fetch(`${worker.origin}/fetch/events`, { signal: left.signal });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toMatch(/^id: 1\ndata: tick 1\n\n/u);
    left.abort();
    await becomes(worker, '/fetch/ended', { ended: 1 });
  });

  test.for(['api', 'fetch'])(
    '/%s: who leaves before the answer aborts the handler',
    async (family, { rig }) => {
      const worker = await rig.start();
      const bundleId = family === 'api' ? 'clerk' : 'fetcher';
      const left = new AbortController();
      const asked = fetch(`${worker.origin}/${family}/aborted`, { signal: left.signal }).catch(
        () => undefined,
      );
      await saysSoon(worker, bundleId, 'handler began');
      left.abort();
      await asked;
      await becomes(worker, family === 'api' ? '/api/seen' : '/fetch/ended', { ended: 1 });
    },
  );

  test.for([
    ['/api/silent', 504, 'web.timeout'],
    ['/api/throws', 502, 'web.failed'],
    ['/api/exits', 502, 'web.failed'],
    ['/api/hangs', 504, 'web.timeout'],
    ['/fetch/nothing', 502, 'web.failed'],
    ['/fetch/length/x', 502, 'web.failed'],
    ['/nobody/here', 503, 'web.no_handler'],
  ] as const)(
    '%s: %d, with a request id and nothing of the inside',
    async ([path, status, type], { rig }) => {
      rig.site('shop', { dynamic: { timeoutMs: 1500 } }, [{ pattern: '/*' }]);
      const { origin } = await rig.start();
      const answer = await fetch(`${origin}${path}`);
      const body = (await answer.json()) as { detail: Record<string, unknown> };
      expect([answer.status, body.detail['error_type']]).toEqual([status, type]);
      expect(body.detail['request_id']).toBe(answer.headers.get('x-request-id'));
      expect(JSON.stringify(body)).not.toContain('secret');
      if (status === 503) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/u);
    },
  );

  test('a header that would end its line is told to its author, and the request stays open', async ({
    rig,
  }) => {
    const { origin } = await rig.start();
    const answer = await fetch(`${origin}/api/illegal`);
    expect(await answer.json()).toEqual({ error: 'the header "x-bad" cannot be sent' });
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test('a body that is not as long as announced breaks off and never runs into the next answer', async ({
    rig,
  }) => {
    const { port } = await rig.start();
    for (const announced of ['2', '400']) {
      const request = `GET /fetch/length/${announced} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const said = await sendRaw(port, request + request, isClosed);
      expect(said.match(/HTTP\/1\.1 200/gu)?.length).toBe(1);
    }
  });

  test('405 with Allow where the route names methods', async ({ rig }) => {
    rig.site('shop', {}, [{ pattern: '/api/*', methods: ['GET'] }]);
    const { origin } = await rig.start();
    const answer = await fetch(`${origin}/api/message`, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${origin}/api/message`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });
});
