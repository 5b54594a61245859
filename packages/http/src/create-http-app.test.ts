import { request } from 'node:http';
import { PlatformError, systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import type { Log, LogFields } from '@switchyard/telemetry';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { noteCaller } from './access-refusal.ts';
import { markAudited } from './audit-mark.ts';
import { createHttpApp } from './create-http-app.ts';
import type { HealthSource } from './health-routes.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { defineRoute } from './route-catalog.ts';

const LIMIT = 1000;
const open: Listening[] = [];
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close(1000);
});

const routes = [
  defineRoute({
    method: 'post',
    path: '/things/:id',
    summary: 'Makes a thing.',
    tag: 'things',
    guard: 'none',
    params: z.object({ id: z.string().max(5) }),
    query: z.object({ loud: z.enum(['yes', 'no']).default('no') }),
    body: z.object({ name: z.string() }),
    answer: z.object({ id: z.string() }),
    handle: ({ params, query, body }) => ({ id: params.id, loud: query.loud, name: body.name }),
  }),
  defineRoute({
    method: 'get',
    path: '/fail/:how',
    summary: 'Fails.',
    tag: 'things',
    guard: 'none',
    params: z.object({ how: z.string() }),
    handle: ({ params, res }) => {
      if (params.how === 'busy')
        throw PlatformError.of('RATE_LIMITED', undefined, {
          retryAfterSec: 7,
          errorType: 'rate_limit.minute',
        });
      if (params.how === 'drain') throw PlatformError.of('DRAINING');
      if (params.how === 'unproven') throw PlatformError.of('USER_REQUIRED');
      if (params.how === 'forbidden') {
        noteCaller(res, 'ann');
        throw PlatformError.of('MISSING_ROLES');
      }
      throw new Error('the password is hunter2');
    },
  }),
  ...(['get', 'post', 'put', 'patch', 'delete'] as const).map((method) =>
    defineRoute({
      method,
      path: '/admin/thing',
      summary: 'Changes a thing.',
      tag: 'things',
      guard: 'admin',
      handle: ({ req, res }) => {
        if (req.get('x-audit') === 'yes') markAudited(res);
        return { done: true };
      },
    }),
  ),
];

const READY: HealthSource = { report: () => ({ ok: true }), isDraining: () => false };

async function start(health: HealthSource = READY, log: Log = silentLog) {
  const app = createHttpApp({
    name: 'sample',
    log,
    metrics: createMetrics({ service: 'sample' }),
    health,
    clock: systemClock,
    makeRequestId: () => 'r-made',
    bodyLimit: LIMIT,
    routes,
    openapi: { title: 'Sample', version: '1' },
  });
  const listening = await listen(app, { port: 0, host: '127.0.0.1' });
  open.push(listening);
  return `http://127.0.0.1:${listening.port}`;
}

const post = (url: string, body: string, type = 'application/json') =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': type } });

describe("an admin's write", () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'by %s is not answered as done without an audit entry',
    async (method) => {
      const url = `${await start()}/admin/thing`;
      const answer = await fetch(url, { method });
      expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('internal')]);
      expect((await fetch(url, { method, headers: { 'x-audit': 'yes' } })).status).toBe(200);
      expect((await fetch(url)).status).toBe(200);
    },
  );
});

describe('input', () => {
  it('hands checked params, query and body to the handler', async () => {
    const answer = await post(`${await start()}/things/a?loud=yes`, '{"name":"n"}');
    expect([answer.status, await answer.json()]).toEqual([200, { id: 'a', loud: 'yes', name: 'n' }]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is answered, well or not, under a policy that loads nothing and lets nobody frame it', async () => {
    const url = await start();
    const answers = [
      await post(`${url}/things/a`, '{"name":"n"}'),
      await post(`${url}/things/a`, '{'),
      await fetch(`${url}/nothing`),
      await fetch(`${url}/fail/badly`),
      await fetch(`${url}/things/a`),
      await fetch(`${url}/things/a`, { method: 'OPTIONS' }),
      await fetch(`${url}/health`),
      await fetch(`${url}/openapi.json`),
    ];
    expect(new Set(answers.map(({ headers }) => headers.get('content-security-policy')))).toEqual(
      new Set(["default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"]),
    );
  });

  it.each([
    ['broken JSON', '/things/a', '{"name":', 'application/json', 400, 'request.invalid_json'],
    ['a wrong field', '/things/a', '{"name":5}', 'application/json', 400, 'request.invalid'],
    ['a wrong query', '/things/a?loud=maybe', '{"name":"n"}', 'application/json', 400, 'request.invalid'],
    ['an id that cannot exist', '/things/abcdef', '{"name":"n"}', 'application/json', 404, 'not_found'],
    ['a path that does not decode', '/things/%E0%A4%A', '{}', 'application/json', 400, 'request.invalid'],
    ['another media type', '/things/a', 'name=n', 'text/plain', 415, 'request.unsupported_media_type'],
    [
      'a body over the limit',
      '/things/a',
      JSON.stringify({ name: 'n'.repeat(LIMIT) }),
      'application/json',
      413,
      'request.too_large',
    ],
    ['an unknown path', '/nothing', '{}', 'application/json', 404, 'not_found'],
  ])('answers %s in the one error shape', async (_what, path, body, type, status, errorType) => {
    const answer = await post(`${await start()}${path}`, body, type);
    const { detail } = (await answer.json()) as { detail: Record<string, unknown> };
    expect([answer.status, detail['error_type'], detail['request_id']]).toEqual([
      status,
      errorType,
      'r-made',
    ]);
  });

  it('refuses a body that grows past the limit without having announced it', async () => {
    const { port } = new URL(await start());
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(
        { port, path: '/things/a', method: 'POST', headers: { 'content-type': 'application/json' } },
        (res) => {
          res.resume();
          resolve(res.statusCode);
        },
      );
      req.on('error', reject);
      req.write(`{"name":"${'n'.repeat(2 * LIMIT)}`);
      req.end('"}');
    });
    expect(status).toBe(413);
  });

  it('names the field that does not fit', async () => {
    const answer = await post(`${await start()}/things/a`, '{"name":5}');
    expect(((await answer.json()) as { detail: { field: string } }).detail.field).toBe('name');
  });

  it('answers another method with 405 and Allow', async () => {
    const answer = await fetch(`${await start()}/things/a`, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });
});

describe('errors', () => {
  it('says when to come back on 429 and 503', async () => {
    const url = await start();
    const busy = await fetch(`${url}/fail/busy`);
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await busy.json()).toMatchObject({ detail: { error_type: 'rate_limit.minute', retry_after: 7 } });
    const draining = await fetch(`${url}/fail/drain`);
    expect([draining.status, draining.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('shows nothing of an unknown error but the request id', async () => {
    const answer = await fetch(`${await start()}/fail/badly`, { headers: { 'x-request-id': 'mine-1' } });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, 'mine-1']);
    expect(JSON.parse(text)).toEqual({
      detail: { error: 'Internal error.', error_type: 'internal', request_id: 'mine-1' },
    });
  });

  it('writes a line for who is refused, and none for other errors', async () => {
    const lines: LogFields[] = [];
    const info = (message: string, fields: LogFields = {}) =>
      void (message === 'access refused' && lines.push(fields));
    const url = await start(READY, { ...silentLog, info });
    for (const how of ['unproven', 'forbidden', 'busy', 'badly'])
      await (
        await fetch(`${url}/fail/${how}?bearer_token=secret`, { headers: { 'x-request-id': how } })
      ).text();
    const shared = { method: 'GET', address: '127.0.0.1' };
    expect(lines).toEqual([
      {
        ...shared,
        request_id: 'unproven',
        path: '/fail/unproven',
        status: 401,
        error_type: 'auth.user_required',
      },
      {
        ...shared,
        request_id: 'forbidden',
        path: '/fail/forbidden',
        status: 403,
        error_type: 'auth.missing_roles',
        user_id: 'ann',
      },
    ]);
  });

  it('makes an own id where the given one could break a log line', async () => {
    const answer = await fetch(`${await start()}/health`, { headers: { 'x-request-id': 'a b{' } });
    expect(answer.headers.get('x-request-id')).toBe('r-made');
  });
});

describe('health', () => {
  it.each([
    ['ready', true, false, 200, 'ok'],
    ['not ok', false, false, 503, 'degraded'],
    ['draining', true, true, 503, 'draining'],
  ])('/health/ready when %s', async (_what, ok, isDraining, status, word) => {
    const url = await start({ report: () => ({ ok }), isDraining: () => isDraining });
    const ready = await fetch(`${url}/health/ready`);
    expect([ready.status, ((await ready.json()) as { status: string }).status]).toEqual([status, word]);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('serves the figures to this machine alone', async () => {
    const url = await start();
    await fetch(`${url}/health`);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('switchyard_http_request_seconds');
    expect((await fetch(`${url}/metrics`, { headers: { 'x-forwarded-for': '10.0.0.1' } })).status).toBe(404);
  });
});

it('makes openapi.json from the table that mounts the routes', async () => {
  const answer = (await (await fetch(`${await start()}/openapi.json`)).json()) as {
    paths: Record<string, object>;
  };
  expect(Object.keys(answer.paths)).toEqual(['/things/{id}', '/fail/{how}', '/admin/thing']);
});
