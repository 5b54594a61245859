import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { PlatformError } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createHttpService } from './create-http-app.ts';
import type { HttpAppOptions } from './create-http-app.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { defineRoute } from './route-catalog.ts';
import { sendJson } from './send-json.ts';

const LIMIT = 1000;
const CRLF = '\r\n';
/** A request of one kind comes in one piece here: what is compared is the answer, not the network. */
const ended = { connection: 'close' };
const json = { 'content-type': 'application/json' };

/** Runs once per request that came to its handler, whichever way. */
const echo = z.object({ kind: z.string().max(8), name: z.string().min(1) });
const rows = (['get', 'post'] as const).flatMap((method) => [
  defineRoute({
    method,
    path: '/things/:kind/do/:name',
    isDirect: true,
    summary: 'Does a thing.',
    tag: 'things',
    guard: 'none',
    params: echo,
    ...(method === 'post' ? { body: z.looseObject({ how: z.string().optional() }) } : {}),
    handle: ({ params, body, req, res }) => {
      if (params.name === 'busy') throw PlatformError.of('RATE_LIMITED', undefined, { retryAfterSec: 7 });
      if (params.name === 'broken') throw new Error('the password is hunter2');
      if (params.name === 'halfway') {
        res.write('half');
        throw new Error('in the middle');
      }
      res.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2');
      const { ip, path, originalUrl, baseUrl, query } = req;
      sendJson(res, { params, body, ip, path, originalUrl, baseUrl, query, text: 'ü\u2028' });
    },
  }),
  defineRoute({
    method,
    path: '/things/:kind/do/:name/twice',
    summary: 'Is not answered directly.',
    tag: 'things',
    guard: 'none',
    handle: () => ({ way: 'express' }),
  }),
]);

interface Way {
  readonly listening: Listening;
  readonly lines: unknown[];
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly direct: { count: number };
}

/** `born`: the server makes the app's own requests and answers, as services do. */
async function open(way: 'express' | 'adopted' | 'born'): Promise<Way> {
  const lines: unknown[] = [];
  const keep =
    (level: string) =>
    (message: string, { ms: _ms, error, ...fields }: Record<string, unknown> = {}): void =>
      void lines.push([level, message, fields, error instanceof Error ? error.message : undefined]);
  const log: Log = { ...silentLog, info: keep('info'), warn: keep('warn'), error: keep('error') };
  const metrics = createMetrics({ service: 'sample' });
  let monotonicMs = 0;
  const options: HttpAppOptions = {
    name: 'sample',
    log,
    metrics,
    // A step at each look: what is compared has no time of its own.
    clock: { now: () => 0, monotonic: () => (monotonicMs += 1) },
    makeRequestId: () => 'r-made',
    timingPart: 'sample',
    bodyLimit: LIMIT,
    routes: rows,
  };
  const { app, answerDirectly, messages } = createHttpService(options);
  const direct = { count: 0 };
  const listening = await listen(
    (req, res) => {
      if (way !== 'express' && answerDirectly(req, res)) direct.count += 1;
      else app(req, res);
    },
    { port: 0, host: '127.0.0.1', ...(way === 'born' ? { messages } : {}) },
  );
  return { listening, lines, metrics, direct };
}

/** Byte for byte, until the other side ends. */
function ask({ listening }: Way, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(listening.port, '127.0.0.1', () => void socket.write(request));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(
        Buffer.concat(chunks)
          .toString('latin1')
          .replace(/^date:.*$/im, 'Date'),
      ),
    );
  });
}

interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Sent in chunks, so that its length is not announced. */
  isChunked?: boolean;
}

function requestOf({ method = 'POST', path = '/things/a/do/b', headers = json, body, isChunked }: Asked) {
  const bytes = typeof body === 'string' || body === undefined ? Buffer.from(body ?? '') : body;
  const length =
    isChunked === true ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bytes.length) };
  const all = { host: 'x', ...ended, ...headers, ...(body === undefined ? {} : length) };
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
  ];
  const chunked = [`${bytes.length.toString(16)}${CRLF}`, bytes, `${CRLF}0${CRLF}${CRLF}`].map((part) =>
    typeof part === 'string' ? Buffer.from(part) : part,
  );
  return Buffer.concat([
    Buffer.from(head.join(CRLF) + CRLF + CRLF),
    ...(isChunked === true ? chunked : [bytes]),
  ]);
}

let ways: readonly [express: Way, adopted: Way, born: Way];
beforeAll(async () => {
  ways = [await open('express'), await open('adopted'), await open('born')];
});
afterAll(async () => {
  for (const { listening } of ways) await listening.close(1000);
});

const good = '{"how":"well","n":[1,"ü"]}';
const CASES: readonly [what: string, isDirect: boolean, asked: Asked][] = [
  ['a call', true, { body: good }],
  ['its charset', true, { body: good, headers: { 'content-type': 'application/json; charset=UTF-8' } }],
  ['a charset of nobody', true, { body: good, headers: { 'content-type': 'application/json; charset=x' } }],
  [
    'UTF-16',
    true,
    { body: Buffer.from(good, 'utf16le'), headers: { 'content-type': 'application/json; charset=utf-16le' } },
  ],
  ['another JSON type', true, { body: good, headers: { 'content-type': 'application/x+json' } }],
  ['another type', true, { body: good, headers: { 'content-type': 'text/plain' } }],
  ['no type', true, { body: good, headers: {} }],
  ['a byte order mark', true, { body: `\uFEFF${good}` }],
  ['bytes that are no UTF-8', true, { body: Buffer.from([0x22, 0xff, 0xc3, 0x22]) }],
  ['JSON that is none', true, { body: '{"how":' }],
  ['JSON of another shape', true, { body: '[1]' }],
  ['a field that does not fit', true, { body: '{"how":1}' }],
  ['an empty body', true, { body: '' }],
  ['no body', true, {}],
  ['a body in chunks', true, { body: good, isChunked: true }],
  ['a packed body', true, { body: gzipSync(good), headers: { ...json, 'content-encoding': 'gzip' } }],
  ['packed by nobody knows what', true, { body: good, headers: { ...json, 'content-encoding': 'x' } }],
  ['a body over the limit', true, { body: JSON.stringify('n'.repeat(LIMIT)) }],
  ['the same, not announced', true, { body: JSON.stringify('n'.repeat(LIMIT)), isChunked: true }],
  ['a body at the limit', true, { body: JSON.stringify({ a: 'n'.repeat(LIMIT - 8) }) }],
  ['a prototype as a key', true, { body: '{"__proto__":{"how":"x"},"constructor":1}' }],
  ['a query', true, { path: '/things/a/do/b?x=1&x=2&__proto__=3&y=%20', body: good }],
  ['a query with a hash', true, { path: '/things/a/do/b?x=1#y', body: good }],
  ['GET', true, { method: 'GET', path: '/things/a/do/b?x=1' }],
  ['GET of what is known to be fresh', true, { method: 'GET', headers: { 'if-none-match': '*' } }],
  ['a foreign address', true, { body: good, headers: { ...json, 'x-forwarded-for': '9.9.9.9, 10.0.0.1' } }],
  ['a request id', true, { body: good, headers: { ...json, 'x-request-id': 'mine-1' } }],
  ['one that cannot be', true, { body: good, headers: { ...json, 'x-request-id': 'a b{' } }],
  ['an id that cannot exist', true, { path: '/things/abcdefghi/do/b', body: good }],
  ['a refusal', true, { path: '/things/a/do/busy', body: good }],
  ['a failure', true, { path: '/things/a/do/broken', body: good }],
  ['a failure in the middle of an answer', true, { path: '/things/a/do/halfway', body: good }],
  ['HEAD', false, { method: 'HEAD' }],
  ['OPTIONS', false, { method: 'OPTIONS' }],
  ['another method', false, { method: 'PUT', body: good }],
  ['a slash at the end', false, { path: '/things/a/do/b/', body: good }],
  ['a slash too many', false, { path: '/things//do/b', body: good }],
  ['another case', false, { path: '/Things/a/DO/b', body: good }],
  ['an escape', false, { path: '/things/%61/do/b%20c', body: good }],
  ['an escape that is none', false, { path: '/things/%zz/do/b', body: good }],
  ['more behind it', false, { path: '/things/a/do/b/twice', body: good }],
  ['less', false, { path: '/things/a/do', body: good }],
  ['a whole URL', false, { path: 'http://x/things/a/do/b', body: good }],
];

it.each(CASES)('%s is answered, logged and counted alike', async (_what, isDirect, asked) => {
  const [express, ...others] = ways;
  const request = requestOf(asked);
  for (const { lines, direct } of ways) {
    lines.length = 0;
    direct.count = 0;
  }
  const wanted = await ask(express, request);
  expect(wanted).toMatch(/^HTTP\/1\.1 \d/u);
  for (const other of others) {
    expect(await ask(other, request)).toBe(wanted);
    expect(other.direct.count).toBe(isDirect ? 1 : 0);
    await expect.poll(() => other.lines.length).toBe(express.lines.length);
    expect(other.lines).toEqual(express.lines);
    expect(other.lines.length).toBeGreaterThan(0);
    expect(await other.metrics.text()).toBe(await express.metrics.text());
  }
});

it('who asks for many paths gets for each what it names', async () => {
  const [express, , born] = ways;
  const names = Array.from({ length: 1100 }, (_, at) => `n${at}`);
  const pathOf = (name: string) =>
    requestOf({ method: 'GET', path: `/things/${name.slice(-2)}/do/${name}`, headers: {} });
  for (const name of [...names, 'n7', 'n1099']) {
    const given = await ask(born, pathOf(name));
    expect(given).toContain(`"params":{"kind":"${name.slice(-2)}","name":"${name}"}`);
  }
  expect(await ask(born, pathOf('n7'))).toBe(await ask(express, pathOf('n7')));
});

it('a client that leaves in the middle of its body is answered by nobody, and logged as both log it', async () => {
  for (const way of ways) {
    way.lines.length = 0;
    const socket = connect(way.listening.port, '127.0.0.1', () => {
      const head = [
        'POST /things/a/do/b HTTP/1.1',
        'host: x',
        'content-type: application/json',
        'content-length: 20',
      ];
      socket.write(`${head.join(CRLF)}${CRLF}${CRLF}{"how"`, () => socket.destroy());
    });
    await expect.poll(() => way.lines.length, { timeout: 10_000 }).toBe(1);
  }
  const [express, ...others] = ways;
  for (const { lines } of others) expect(lines).toEqual(express.lines);
});

it.each([
  ['a path of no fixed length', [], '/things/*rest'],
  ['one that a route before it answers', ['/things/:kind'], '/things/some'],
  ['one that a route before it may answer', ['/things/some'], '/things/:kind'],
  ['one below a rest of any length', ['/things{/*path}'], '/things/:kind'],
])('%s cannot be direct', (_what, before, path) => {
  const route = defineRoute({ method: 'get', path, summary: '', tag: '', guard: 'none', handle: () => ({}) });
  const clock = { now: () => 0, monotonic: () => 0 };
  const shell = { name: 'x', log: silentLog, metrics: createMetrics({ service: 'x' }), clock };
  const open = (routes: HttpAppOptions['routes']) =>
    createHttpService({ ...shell, makeRequestId: () => 'r', bodyLimit: 1, routes: routes ?? [] });
  const others = before.map((other) => ({ ...route, path: other }));
  expect(() => open([...others, { ...route, isDirect: true }])).toThrow(RangeError);
  const elsewhere = [
    { ...route, path: '/others/:kind' },
    { ...route, path: '/things/some/:more{/*path}' },
    { ...route, method: 'post' as const, path: '/things/:kind' },
  ];
  expect(() => open([...elsewhere, { ...route, path: '/things/:kind', isDirect: true }])).not.toThrow();
});
