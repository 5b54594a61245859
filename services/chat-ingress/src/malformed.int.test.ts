import {
  platformTest,
  readRouteRows,
  requestOf,
  sendMalformed,
  sendRaw,
  wholeRequests,
} from '@switchyard/testkit';
import { expect } from 'vitest';
import { openIngress } from '../test/ingress-fixture.ts';

/** By hand more: `FUZZ_RUNS=1000000`. */
const COUNT = Number(process.env['FUZZ_RUNS'] ?? 3000);
/** The same every time; another one finds others. */
const SEED = Number(process.env['SEED'] ?? 4711);
/** Of a run of any length: of the process, and of what it keeps once what the first batch needs is there. */
const GROWN_BYTES_AT_MOST = 200 * 1024 * 1024;
const KEPT_BYTES_AT_MOST = 50 * 1024 * 1024;
/** A hundred a second on a busy machine, and what the last ones wait. */
const TIMEOUT_MS = 600_000 + COUNT * 10;

/** What would answer 429 or 503 in place of the handlers, which are what is tried. A body without a length takes 25 MiB of the budget. */
const NO_LIMITS = {
  RATE_ANONYMOUS: '1000000/1m',
  RATE_REGISTERED: '1000000/1m',
  RATE_PRIVILEGED: '1000000/1m',
  RATE_ADDRESS: '1000000/1m',
  UPLOAD_BUDGET: '100GiB',
};
/** Each call of these is a new key, or the end of the tokens that the others come with. */
const LEFT_OUT = new Set(['/admin/signing-keys/rotate', '/api/platform/logout']);

/** What is in no table, or not as JSON: streams, forms, files, ranges, sockets. */
const textsOf = (token: string, conversations: string): string[] => {
  const head = ['Host: a', `Authorization: Bearer ${token}`, 'Connection: close'];
  const form = [
    '--b\r\nContent-Disposition: form-data; name="message"\r\n\r\necho a\r\n',
    '--b\r\nContent-Disposition: form-data; name="file"; filename="../a.txt"\r\nContent-Type: text/plain\r\n\r\nabc\r\n',
    '--b--\r\n',
  ].join('');
  const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return [
    requestOf(['GET /sse/stream?stream_id=a&follow=session&last_event_id=1-1 HTTP/1.1', ...head]),
    requestOf([
      `GET /sse/stream?stream_id=a&bearer_token=${token} HTTP/1.1`,
      'Host: a',
      'Accept: text/event-stream',
      'Connection: close',
    ]),
    requestOf(
      [
        'POST /api/chat/messages HTTP/1.1',
        ...head,
        'Content-Type: multipart/form-data; boundary=b',
        `Content-Length: ${form.length}`,
      ],
      form,
    ),
    requestOf(
      [
        'POST /sse/chat?stream_id=a HTTP/1.1',
        ...head,
        'Content-Type: application/json',
        'Transfer-Encoding: chunked',
      ],
      '1e\r\n{"message":"echo a","text":"b"}\r\n0\r\nX-Trailer: 1\r\n\r\n',
    ),
    requestOf(
      [
        'POST /api/auth/redeem HTTP/1.1',
        'Host: a',
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 29',
      ],
      'code=aaaaaaaaaaaaaaaaaaaaaaaa',
    ),
    requestOf([
      `GET ${conversations.replace('conversations', 'resources')}/conv/a/b/turn/c/attachment/d/download HTTP/1.1`,
      ...head,
      'Range: bytes=0-1,5-',
      'If-Range: "a"',
    ]),
    requestOf(['GET /socket.io/?EIO=4&transport=polling HTTP/1.1', ...head]),
    requestOf(
      [
        'POST /cb/socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1',
        ...head,
        'Content-Type: text/plain;charset=UTF-8',
        'Content-Length: 11',
      ],
      '40{"a":"b"}',
    ),
    requestOf(
      [
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
        ...upgrade,
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ],
      '\x81\x82\x00\x00\x00\x0040',
    ),
    requestOf(['GET /elsewhere HTTP/1.1', ...upgrade]),
    requestOf(['OPTIONS /profile HTTP/1.1', 'Host: a', 'Origin: http://b', 'Connection: close']),
  ];
};

platformTest(
  `${COUNT} malformed requests: each has its end, none is the ingress' fault`,
  { timeout: TIMEOUT_MS },
  async ({ redis, postgres }) => {
    const ingress = await openIngress({ redis, postgres, env: NO_LIMITS });
    // Without a worker whose Redis it is, a good message is refused before anybody looks at it.
    await ingress.work();
    const { port } = ingress.running;
    const tokens = [await ingress.tokenFor('ann'), await ingress.tokenFor('root', 'privileged')];
    const rows = (await readRouteRows(ingress.url)).filter(({ path }) => !LEFT_OUT.has(path));
    // Of what is there, so that handlers are tried beyond their 404.
    const talk = { message: 'echo a', conversation_id: 'c-ann' };
    await ingress.call('POST', '/api/chat/messages', { token: tokens[0] ?? '', json: talk });
    const scope = { t: redis.tenant, p: redis.project, cid: 'c-ann' };
    const { wrong, seen, grownBytes, keptBytes, figures } = await sendMalformed({
      port,
      texts: textsOf(tokens[0] ?? '', ingress.conversations),
      calls: [{ requests: wholeRequests(rows, scope), tokens }],
      count: COUNT,
      seed: SEED,
      quietMs: 250,
    });
    const profile = requestOf(['GET /profile HTTP/1.1', 'Host: a', 'Connection: close']);
    const after = await sendRaw(port, profile);
    if (process.env['FUZZ_RUNS'] !== undefined) console.log(figures);
    const metrics = await (await fetch(`${ingress.url}/metrics`)).text();
    await ingress.stop();
    expect(wrong).toEqual([]);
    // What came of those whose client did not wait.
    expect(metrics.match(/^switchyard_http_request_seconds_count\{.*status="5.*$/gm)).toEqual(null);
    // They are of all kinds: some are good enough to pass, some come to no handler.
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining([101, 200, 400, 401, 403, 404, 405, 413, 415, 431]),
    );
    expect(grownBytes).toBeLessThan(GROWN_BYTES_AT_MOST);
    expect(keptBytes).toBeLessThan(KEPT_BYTES_AT_MOST);
    expect(after.statuses).toEqual([200]);
  },
);
