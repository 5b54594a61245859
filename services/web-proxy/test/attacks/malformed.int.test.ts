import { requestOf, sendMalformed, sendRaw } from '@switchyard/testkit';
import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';

/** By hand more: `FUZZ_RUNS=1000000`. */
const COUNT = Number(process.env['FUZZ_RUNS'] ?? 4000);
/** The same every time; another one finds others. */
const SEED = Number(process.env['SEED'] ?? 4711);
/** Of a run of any length: of the process, and of what it keeps once what the first batch needs is there. */
const GROWN_BYTES_AT_MOST = 200 * 1024 * 1024;
const KEPT_BYTES_AT_MOST = 50 * 1024 * 1024;
/** A hundred a second on a busy machine, and what the last ones wait. */
const TIMEOUT_MS = 600_000 + COUNT * 10;

/** What requests are made of; they are cut, joined and spoilt. */
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
proxyTest(
  `${COUNT} malformed requests: each has its end, none is the proxy's fault`,
  async ({ lab }) => {
    const service = await lab.upstream(echo('service'));
    const { listener } = await lab.start({
      targets: { ingress: service.url, proc: service.url, ui: service.url, login: service.url },
      bodyIdleMs: 300,
      limits: { headersTimeoutMs: 400, requestTimeoutMs: 2000, keepAliveTimeoutMs: 100 },
    });
    const { wrong, seen, grownBytes, keptBytes, figures } = await sendMalformed({
      port: listener.port,
      texts: GOOD,
      count: COUNT,
      seed: SEED,
    });
    expect(wrong).toEqual([]);
    // They are of all kinds: some are good enough to pass.
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 408, 431]));
    expect(grownBytes).toBeLessThan(GROWN_BYTES_AT_MOST);
    expect(keptBytes).toBeLessThan(KEPT_BYTES_AT_MOST);
    expect((await sendRaw(listener.port, GOOD[0] ?? '')).statuses).toEqual([200]);
    if (process.env['FUZZ_RUNS'] !== undefined) console.log(figures);
  },
  TIMEOUT_MS,
);
