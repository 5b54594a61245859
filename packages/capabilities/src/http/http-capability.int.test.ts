import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { WireRequest, WireResponse } from '@switchyard/protocol';
import { expect, test as plain } from 'vitest';
import { createHttpCapability } from './http-capability.ts';
import type { HttpSettings } from './http-capability.ts';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;
interface Upstream {
  port: number;
  /** `METHOD host path` of each request, in order. */
  seen: IncomingMessage[];
  answer: Answer;
  /** Connections that were closed by the other side before the answer's end. */
  closed: Promise<void>;
}

const test = plain.extend<{ upstream: Upstream }>({
  upstream: async ({ task: _task }, use) => {
    const closed = Promise.withResolvers<void>();
    const upstream: Upstream = {
      port: 0,
      seen: [],
      answer: (_req, res) => res.end('hello'),
      closed: closed.promise,
    };
    const server = createServer((req, res) => {
      upstream.seen.push(req);
      res.once('close', () => {
        if (!res.writableFinished) closed.resolve();
      });
      upstream.answer(req, res);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    upstream.port = (server.address() as AddressInfo).port;
    await use(upstream);
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  },
});

interface Call extends Partial<WireRequest> {
  url: string;
  settings?: Partial<HttpSettings>;
  hosts?: string[];
  resolve?: (host: string) => Promise<string[]>;
  signal?: AbortSignal;
}

/** `api.test` is this machine, and allowed to be. */
async function call(
  port: number,
  { url, settings, hosts, resolve, signal, ...request }: Call,
): Promise<WireResponse> {
  const capability = createHttpCapability(
    {
      deliver: async () => ({ jobId: 'j', isNew: true }),
      allowedHosts: ['*'],
      privateHosts: [`api.test:${port}`],
      maxRequestBytes: 1000,
      maxResponseBytes: 10_000,
      timeoutMs: 20_000,
      ...settings,
    },
    resolve ?? (async () => ['127.0.0.1']),
  );
  const caller = {
    bundleId: 'b',
    versionId: 'v',
    user: undefined,
    signal: signal ?? new AbortController().signal,
    httpHosts: hosts ?? ['api.test', 'other.test'],
  };
  const wire = { method: 'GET', headers: [], body: null, ...request, url };
  return (await capability.methods['fetch']?.(caller, [wire])) as WireResponse;
}
const textOf = async ({ body }: WireResponse): Promise<string> =>
  body === null ? '' : (await buffer(body as AsyncIterable<Uint8Array>)).toString();

test('a request goes out and its answer comes back as a stream', async ({ upstream: up }) => {
  up.answer = (req, res) => {
    res.writeHead(201, ['x-a', '1', 'x-a', '2', 'connection', 'close', 'keep-alive', 'x']);
    req.pipe(res);
  };
  const answer = await call(up.port, {
    url: `http://api.test:${up.port}/a?b=c#d`,
    method: 'POST',
    body: new TextEncoder().encode('ping'),
    headers: [
      ['authorization', 'mine'],
      ['host', 'evil.test'],
      ['proxy-authorization', 'x'],
      ['x-forwarded-for', '1.1.1.1'],
      ['connection', 'x-gone'],
      ['x-gone', '1'],
    ],
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.filter(([name]) => name !== 'Date')).toEqual([
    ['x-a', '1'],
    ['x-a', '2'],
  ]);
  expect(await textOf(answer)).toBe('ping');
  const { headers, url } = up.seen[0] ?? { headers: {}, url: '' };
  expect(url).toBe('/a?b=c');
  expect(headers).toEqual({
    authorization: 'mine',
    host: `api.test:${up.port}`,
    'accept-encoding': 'identity',
    'content-length': '4',
    connection: expect.any(String),
  });
});

test.for([
  ['http://api.test:PORT/', { settings: { privateHosts: [] } }],
  ['http://127.0.0.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://2130706433:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://0x7f.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://0x7f000001:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://0177.0.0.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://017700000001:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://127.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://①②⑦.0.0.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://%31%32%37.0.0.1:PORT/', { hosts: ['127.0.0.1'] }],
  ['http://0:PORT/', { hosts: ['0.0.0.0'] }],
  ['http://[::1]:PORT/', { hosts: ['::1'] }],
  ['http://[::]:PORT/', { hosts: ['::'] }],
  ['http://[0:0:0:0:0:0:0:1]:PORT/', { hosts: ['::1'] }],
  ['http://[64:ff9b::7f00:1]:PORT/', { hosts: ['64:ff9b::7f00:1'] }],
  ['http://[::ffff:127.0.0.1]:PORT/', { hosts: ['::ffff:7f00:1'] }],
  ['http://api.test:PORT/', { hosts: ['other.test'] }],
  ['http://api.test:PORT/', { settings: { allowedHosts: ['*.example.com'] } }],
  ['http://user:pw@api.test:PORT/', {}],
  ['ftp://api.test:PORT/', {}],
  ['http://other.test:PORT/', { resolve: async () => ['1.1.1.1', '127.0.0.1'] }],
  ['http://other.test.:PORT/', {}],
] as const)('%s is not reached (%o)', async ([url, options], { upstream: up }) => {
  const { hosts, ...rest } = options as { hosts?: readonly string[] };
  const asked = hosts === undefined ? {} : { hosts: [...hosts] };
  const made = call(up.port, { ...rest, ...asked, url: url.replace('PORT', String(up.port)) });
  await expect(made).rejects.toMatchObject({ code: 'CAPABILITY_DENIED' });
  expect(up.seen).toEqual([]);
});

test('a name is looked up once, and what was checked is what is connected to', async ({ upstream: up }) => {
  let times = 0;
  const resolve = async () => {
    times += 1;
    return times === 1 ? ['127.0.0.1'] : ['127.0.0.9'];
  };
  const answer = await call(up.port, { url: `http://api.test:${up.port}/`, resolve });
  expect(await textOf(answer)).toBe('hello');
  expect(times).toBe(1);
});

test('redirects are followed, each checked, and take no credentials to another origin', async ({
  upstream: up,
}) => {
  const other = `other.test:${up.port}`;
  up.answer = (req, res) => {
    if (req.url === '/a') res.writeHead(302, { location: '/b' }).end('moved');
    else if (req.url === '/b') res.writeHead(307, { location: `http://${other}/c` }).end();
    else if (req.url === '/loop') res.writeHead(302, { location: '/loop' }).end();
    else if (req.url === '/spelled') res.writeHead(302, { location: `http://2130706433:${up.port}/c` }).end();
    else if (req.url === '/file') res.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else if (req.url === '/inside') res.writeHead(302, { location: `http://127.0.0.1:${up.port}/c` }).end();
    else res.end(`${req.method} ${req.headers.authorization ?? 'nobody'}`);
  };
  const at = (path: string) => ({
    url: `http://api.test:${up.port}${path}`,
    method: 'POST',
    body: new TextEncoder().encode('x'),
    headers: [['authorization', 'mine']] as [string, string][],
  });
  const settings = { privateHosts: [`api.test:${up.port}`, other] };
  expect(await textOf(await call(up.port, { ...at('/a'), settings }))).toBe('GET nobody');
  await expect(call(up.port, at('/b'))).rejects.toMatchObject({ code: 'CAPABILITY_DENIED' });
  for (const path of ['/inside', '/spelled', '/file'])
    await expect(call(up.port, at(path)), path).rejects.toMatchObject({ code: 'CAPABILITY_DENIED' });
  await expect(call(up.port, at('/loop'))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('sizes are bounded, also of what was packed', async ({ upstream: up }) => {
  const url = `http://api.test:${up.port}/`;
  await expect(call(up.port, { url, method: 'POST', body: new Uint8Array(1001) })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
  up.answer = (_req, res) =>
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(9000, 'a')));
  const small = await call(up.port, { url });
  expect(small.headers.map(([name]) => name.toLowerCase())).not.toContain('content-encoding');
  expect((await textOf(small)).length).toBe(9000);
  up.answer = (_req, res) =>
    res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000)));
  await expect(textOf(await call(up.port, { url }))).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
});

test('an answer ends with its invocation, before its head and in its body', async ({ upstream: up }) => {
  const url = `http://api.test:${up.port}/`;
  const ending = new AbortController();
  up.answer = (_req, res) => void res.write('so far');
  const answer = await call(up.port, { url, signal: ending.signal });
  const reading = textOf(answer);
  ending.abort(new Error('cancelled'));
  await expect(reading).rejects.toThrow('cancelled');
  await up.closed;
  up.answer = () => undefined;
  await expect(call(up.port, { url, settings: { timeoutMs: 50 } })).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
});
