import path from 'node:path';
import { readRouteRows, requestOf, sendMalformed, sendRaw, wholeRequests } from '@switchyard/testkit';
import type { RedisFixture, WholeRequest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

/** By hand more: `FUZZ_RUNS=1000000`. */
const COUNT = Number(process.env['FUZZ_RUNS'] ?? 3000);
/** The same every time; another one finds others. */
const SEED = Number(process.env['SEED'] ?? 4711);
/** Of a run of any length: of the process, and of what it keeps once what the first batch needs is there. */
const GROWN_BYTES_AT_MOST = 200 * 1024 * 1024;
const KEPT_BYTES_AT_MOST = 50 * 1024 * 1024;
/** A hundred a second on a busy machine, and what the last ones wait. */
const TIMEOUT_MS = 600_000 + COUNT * 10;

const BUNDLES = path.join(import.meta.dirname, '../test/bundles');
/** What would answer 429 in place of the handlers, which are what is tried. */
const NO_LIMITS = {
  rateRegistered: '1000000/1m',
  ratePrivileged: '1000000/1m',
  rateAddress: '1000000/1m',
  userQueueLimit: '1000000',
};

/** Calls that reach a bundle, and what is in no table: predictions, procedures, tools. */
const callsOf = ({ tenant, project }: RedisFixture): WholeRequest[] => {
  const bundles = `/api/integrations/bundles/${tenant}/${project}`;
  const [count, prediction] = [
    '{"data":{"text":"abc"},"conversation_id":"c"}',
    '{"input":{"text":"a","n":1}}',
  ];
  const list =
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}';
  return [
    { method: 'POST', address: `${bundles}/desk/operations/count`, json: count },
    { method: 'GET', address: `${bundles}/desk/operations/find?q=a&tag=b&tag=c` },
    { method: 'POST', address: `${bundles}/desk/public/guest`, json: '{}' },
    { method: 'POST', address: `${bundles}/desk/mcp/desk-tools`, json: list },
    { method: 'POST', address: `${bundles}/oracle/predictions`, json: prediction },
    { method: 'PUT', address: `${bundles}/oracle/predictions/p-1`, json: prediction },
    { method: 'POST', address: `${bundles}/oracle/predictions/p-2/cancel` },
    { method: 'GET', address: `${bundles}/oracle/predictions?limit=2` },
    {
      method: 'POST',
      address: '/procedures/predictions',
      json: '{"token":"a","procedure_source_url":"file:///a"}',
    },
  ];
};

const textsOf = (token: string, { tenant, project }: RedisFixture): string[] => {
  const bundles = `/api/integrations/bundles/${tenant}/${project}`;
  const head = ['Host: a', `Authorization: Bearer ${token}`, 'Connection: close'];
  const count = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
  const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  return [
    requestOf([`GET ${bundles} HTTP/1.1`, ...head]),
    requestOf(
      [`POST ${bundles}/desk/operations/count HTTP/1.1`, ...head, ...count],
      '10\r\n{"data":{"text":\r\n5\r\n"a"}}\r\n0\r\nX-Trailer: 1\r\n\r\n',
    ),
    requestOf([
      `GET ${bundles}/oracle/predictions/p-1 HTTP/1.1`,
      ...head,
      'Accept: text/event-stream',
      'Last-Event-ID: 1',
    ]),
    requestOf([`GET ${bundles}/desk/widgets/a/~ticket/b.js?t=1 HTTP/1.1`, ...head, 'Range: bytes=5-1']),
    requestOf(
      [
        'POST /admin/integrations/bundles/upload?id=a HTTP/1.1',
        ...head,
        'Content-Type: application/zip',
        'Content-Length: 30',
      ],
      'PK\x03\x04'.padEnd(30, '\xff'),
    ),
    requestOf(['GET /admin/integrations/bundles/desk/logs?follow=1 HTTP/1.1', ...head]),
    requestOf([
      'GET /sites/a/../b%2f..%00/?x=%zz HTTP/1.1',
      'Host: a',
      'If-None-Match: W/"a',
      'Connection: close',
    ]),
    requestOf([`GET ${bundles}/desk/operations/find HTTP/1.1`, ...upgrade, 'Sec-WebSocket-Key: YQ==']),
    requestOf(['OPTIONS /sites/a HTTP/1.0', 'Host: a.b', 'Origin: http://b', 'Expect: 100-continue']),
    requestOf(['HEAD /health/ready HTTP/1.1', 'Host: a', 'Connection: close']),
  ];
};

test(
  `${COUNT} malformed requests: each has its end, none is the worker's fault`,
  { timeout: TIMEOUT_MS },
  async ({ rig, redis }) => {
    for (const dir of [ACTOR_DIR, path.join(BUNDLES, 'desk'), path.join(BUNDLES, 'oracle')])
      await rig.ship(dir);
    const { port } = await rig.start(NO_LIMITS);
    const tokens = [await rig.token('registered'), await rig.token('privileged')];
    const origin = `http://127.0.0.1:${port}`;
    // What there is stays there: of a bundle that is nobody's nothing is removed or rolled back.
    const whole = wholeRequests(await readRouteRows(origin), {
      tenant: redis.tenant,
      project: redis.project,
    });
    const { wrong, seen, grownBytes, keptBytes, figures } = await sendMalformed({
      port,
      texts: textsOf(tokens[1] ?? '', redis),
      calls: [
        { requests: whole, tokens },
        { requests: callsOf(redis), tokens },
      ],
      count: COUNT,
      seed: SEED,
      quietMs: 250,
    });
    if (process.env['FUZZ_RUNS'] !== undefined) console.log(figures);
    const list = `GET /api/integrations/bundles/${redis.tenant}/${redis.project}/desk HTTP/1.1`;
    const after = await sendRaw(
      port,
      requestOf([list, 'Host: a', `Authorization: Bearer ${tokens[0]}`, 'Connection: close']),
    );
    const metrics = await (await fetch(`${origin}/metrics`)).text();
    expect(wrong).toEqual([]);
    // What came of those whose client did not wait.
    expect(metrics.match(/^switchyard_http_request_seconds_count\{.*status="5.*$/gm)).toEqual(null);
    // They are of all kinds: some are good enough to pass, some come to no handler.
    expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405, 413, 415, 431]));
    expect(grownBytes).toBeLessThan(GROWN_BYTES_AT_MOST);
    expect(keptBytes).toBeLessThan(KEPT_BYTES_AT_MOST);
    expect(after.statuses).toEqual([200]);
  },
);
