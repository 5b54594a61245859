import fc from 'fast-check';
import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import { bytesOf, requestOf, sendRaw } from '../raw-request.ts';
import type { RawAnswer } from '../raw-request.ts';

/** By hand more: `FUZZ_RUNS=1000000`. */
const COUNT = Number(process.env['FUZZ_RUNS'] ?? 3000);
const AT_ONCE = 100;
/** Made and sent together: all at once would be what takes the memory. */
const BATCH = 3000;
/** Of a run of any length, once what the first batch needs is there. */
const GROWN_BYTES_AT_MOST = 200 * 1024 * 1024;
/** A thousand a second on a busy machine, and what the last ones wait. */
const TIMEOUT_MS = 600_000 + COUNT * 10;
/** The same every time; another one finds others. */
const SEED = Number(process.env['SEED'] ?? 4711);

/** What requests are made of; they are cut, joined and spoilt below. */
const GOOD = [
  requestOf(['GET /profile HTTP/1.1', 'Host: a', 'Connection: close']),
  requestOf([
    'GET /sse/stream?stream_id=a HTTP/1.1',
    'Host: a',
    'Accept: text/event-stream',
    'Connection: close',
  ]),
  requestOf(['POST /sse/chat HTTP/1.1', 'Host: a', 'Content-Length: 5', 'Connection: close'], 'hello'),
  requestOf(
    ['POST /sse/chat HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked', 'Connection: close'],
    '5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n',
  ),
  requestOf(['GET /socket.io/ HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket']),
  requestOf([
    'DELETE /admin/integrations/bundles/a HTTP/1.1',
    'Host: a',
    'Cookie: __Secure-LMTC=a; b=c',
    'Connection: close',
  ]),
  requestOf(['OPTIONS /sites/a/ HTTP/1.0', 'Host: a', 'Origin: http://b', 'Expect: 100-continue']),
];
const SPOILERS = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '/',
  '..',
  '%',
  '%2e',
  '%00',
  '?',
  '#',
  '\\',
  '\x7f',
  '\xff',
  'Host: b\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: host\r\n',
  ' HTTP/1.1',
  'http://b/',
  '-1',
  'ffffffffffffffff',
  '0\r\n\r\n',
  'X: '.padEnd(20_000, 'a'),
  'X: a\r\n'.repeat(150),
];

type Spoil = { at: number; drop: number; put: string };
const spoiled = (text: string, spoils: readonly Spoil[]): string => {
  let made = text;
  for (const { at, drop, put } of spoils) {
    const from = Math.floor(at * made.length);
    made = made.slice(0, from) + put + made.slice(from + drop);
  }
  return made;
};

const REQUESTS = fc
  .tuple(
    fc.array(fc.constantFrom(...GOOD), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.record({
        at: fc.nat({ max: 1000 }).map((thousandths) => thousandths / 1000),
        drop: fc.nat({ max: 12 }),
        put: fc.oneof(fc.constantFrom(...SPOILERS), fc.string({ maxLength: 6, unit: 'binary-ascii' })),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  )
  .map(([parts, spoils]) => spoiled(parts.join(''), spoils));

const batches = function* (): Generator<string[]> {
  for (let made = 0; made < COUNT; made += BATCH)
    yield fc.sample(REQUESTS, { numRuns: Math.min(BATCH, COUNT - made), seed: SEED + made });
};

/** What came of all of them. */
interface Outcome {
  readonly wrong: [string, RawAnswer][];
  readonly seen: Map<number, number>;
}

const sendAll = async (port: number, requests: string[], { wrong, seen }: Outcome): Promise<void> => {
  const next = async (): Promise<void> => {
    for (let text = requests.pop(); text !== undefined; text = requests.pop()) {
      const answer = await sendRaw(port, bytesOf(text));
      for (const status of answer.statuses) seen.set(status, (seen.get(status) ?? 0) + 1);
      if (answer.statuses.some((status) => status >= 500)) wrong.push([text, answer]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
};

proxyTest(
  `${COUNT} malformed requests: each has its end, none is the proxy's fault`,
  async ({ lab }) => {
    const service = await lab.upstream(echo('service'));
    const { listener } = await lab.start({
      targets: { ingress: service.url, proc: service.url, ui: service.url, login: service.url },
      bodyIdleMs: 300,
      limits: { headersTimeoutMs: 400, requestTimeoutMs: 2000, keepAliveTimeoutMs: 100 },
    });
    const outcome: Outcome = { wrong: [], seen: new Map() };
    const startedAt = performance.now();
    const before = process.memoryUsage().rss;
    const sizes: number[] = [];
    for (const requests of batches()) {
      await sendAll(listener.port, requests, outcome);
      sizes.push(process.memoryUsage().rss);
      expect(outcome.wrong).toEqual([]);
    }
    // They are of all kinds: some are good enough to pass.
    for (const status of [200, 400, 408, 431])
      expect([status, outcome.seen.get(status) ?? 0]).not.toEqual([status, 0]);
    const after = sizes.at(-1) ?? before;
    expect(after - before).toBeLessThan(GROWN_BYTES_AT_MOST);
    expect((await sendRaw(listener.port, GOOD[0] ?? '')).statuses).toEqual([200]);
    if (COUNT > BATCH)
      console.log({
        aSecond: Math.round((COUNT * 1000) / (performance.now() - startedAt)),
        statuses: Object.fromEntries([...outcome.seen].toSorted(([a], [b]) => a - b)),
        rssMiB: [before, sizes[0] ?? 0, after].map((bytes) => Math.round(bytes / 1024 / 1024)),
      });
  },
  TIMEOUT_MS,
);
