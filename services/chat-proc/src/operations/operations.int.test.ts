import path from 'node:path';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const DESK_DIR = path.join(import.meta.dirname, '../../test/bundles/desk');

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}
interface Asked {
  method?: string;
  body?: unknown;
  token?: string | undefined;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

function errorTypeOf(body: Record<string, unknown> | undefined): unknown {
  return (body?.['detail'] as Record<string, unknown> | undefined)?.['error_type'];
}

interface Desk {
  /** `path` after `/api/integrations/bundles/{tenant}/{project}`. */
  ask(path: string, asked?: Asked): Promise<Answer>;
  raw(path: string, asked?: Asked): Promise<Response>;
  token: string;
}

async function openDesk(
  rig: ProcRig,
  at: { tenant: string; project: string },
  settings?: Record<string, string>,
): Promise<Desk> {
  await rig.ship(ACTOR_DIR);
  await rig.ship(DESK_DIR);
  const { port } = await rig.start(settings);
  const token = await rig.token('registered');
  const base = `http://127.0.0.1:${port}/api/integrations/bundles/${at.tenant}/${at.project}`;
  const raw = (address: string, asked: Asked = {}): Promise<Response> => {
    const bearer = 'token' in asked ? asked.token : token;
    return fetch(`${base}${address}`, {
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
      method: asked.method ?? ('body' in asked ? 'POST' : 'GET'),
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...('body' in asked ? { 'content-type': 'application/json' } : {}),
        ...asked.headers,
      },
      ...('body' in asked ? { body: JSON.stringify(asked.body) } : {}),
    });
  };
  return {
    raw,
    token,
    async ask(address, asked) {
      const response = await raw(address, asked);
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, headers: response.headers, body };
    },
  };
}

test('an operation is called with its data, and what is beside it belongs to it', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis);
  const { tenant, project } = redis;
  const common = { status: 'ok', tenant, project, bundle_id: 'desk', conversation_id: null };
  for (const body of [
    { data: { text: 'héllo' } },
    { text: 'héllo' },
    { text: 'no', data: { text: 'héllo' } },
  ])
    expect(await desk.ask('/desk/operations/count', { body })).toMatchObject({
      status: 200,
      body: { ...common, count: { characters: 5 } },
    });
  expect(await desk.ask('/desk/operations/find?q=a&tag=x&tag=y')).toMatchObject({
    status: 200,
    body: { find: { q: 'a', tag: ['x', 'y'] } },
  });
  const who = await desk.ask('/desk/operations/who', {
    body: { user: { user_id: 'root', roles: ['staff'] }, user_type: 'privileged' },
  });
  expect(who.body['who']).toMatchObject({
    user: { user_id: 'registered-user', user_type: 'registered' },
    input: { user: { user_id: 'root' } },
  });
});

test('wrong calls are refused with the reason', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis);
  const refused = async (address: string, asked: Asked = {}) => {
    const { status, headers, body } = await desk.ask(address, asked);
    return { status, error_type: errorTypeOf(body), body, allow: headers.get('allow') };
  };
  const post = { body: {} };
  expect(await refused('/nobody/operations/count', post)).toMatchObject({
    status: 404,
    error_type: 'not_found',
  });
  expect(await refused('/desk/operations/nothing', post)).toMatchObject({ status: 404 });
  expect(await refused('/desk/operations/constructor', post)).toMatchObject({ status: 404 });
  expect(await refused('/desk/operations/count')).toMatchObject({ status: 405, allow: 'POST' });
  expect(await refused('/desk/operations/find', post)).toMatchObject({ status: 405, allow: 'GET, HEAD' });
  expect(await refused('/desk/operations/count', { ...post, method: 'PUT' })).toMatchObject({ status: 405 });
  const misfit = await refused('/desk/operations/count', { body: { text: 7 } });
  expect(misfit).toMatchObject({ status: 422, error_type: 'request.unprocessable' });
  expect(JSON.stringify(misfit.body)).toContain('"path":"text"');
  expect(await refused('/desk/operations/count', { body: [1] })).toMatchObject({ status: 400 });
  expect(await refused('/desk/operations/paidOnly', post)).toMatchObject({
    status: 403,
    error_type: 'auth.forbidden',
  });
  expect(await refused('/desk/operations/staffOnly', post)).toMatchObject({ status: 403 });
  expect(await refused('/desk/operations/count', { ...post, token: undefined })).toMatchObject({
    status: 401,
  });
  expect(await refused('/desk/public/count', { ...post, token: undefined })).toMatchObject({ status: 404 });
  const theirs = { body: { text: 'x', conversation_id: 'c-somebody-elses' } };
  expect(await refused('/desk/operations/count', theirs)).toMatchObject({ status: 404 });
  const boom = await refused('/desk/operations/boom', post);
  expect(boom).toMatchObject({ status: 500, error_type: 'bundle_error' });
  expect(JSON.stringify(boom.body)).not.toContain('sauce');
  expect(await refused('/desk/operations/crash', post)).toMatchObject({ error_type: 'bundle_crashed' });
  // The next one has a new host.
  expect((await desk.ask('/desk/operations/count', { body: { text: 'ab' } })).status).toBe(200);
  expect(await refused('/desk/operations/slow', post)).toMatchObject({ status: 504, error_type: 'timeout' });
});

test('another scope, the default bundle and public operations', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis, { defaultBundle: 'desk' });
  expect((await desk.ask('/operations/count', { body: { text: 'abc' } })).body).toMatchObject({
    bundle_id: 'desk',
    count: { characters: 3 },
  });
  const open = { body: { order: 1 }, token: undefined };
  expect((await desk.ask('/desk/public/paid', open)).body['paid']).toEqual({
    input: { order: 1 },
    user: 'public',
  });
  expect((await desk.ask('/desk/public/paid/a/b%20c', open)).body['paid']).toMatchObject({
    input: { order: 1, tail: 'a/b c' },
  });
  expect((await desk.ask('/desk/public/paid', { method: 'POST' })).body['paid']).toMatchObject({ input: {} });
  const known = await desk.ask('/desk/public/paid', { body: {} });
  expect(known.body['paid']).toMatchObject({ user: 'registered-user' });
  const bad = await desk.ask('/desk/public/paid', { body: {}, token: 'nonsense' });
  // A token that is there and bad is told, never taken for none.
  expect([bad.status, errorTypeOf(bad.body)]).toEqual([401, 'auth.bad_token']);
});

test('an answer of its own goes out as it is, in a sandbox and without the platform’s headers', async ({
  rig,
  redis,
}) => {
  const desk = await openDesk(rig, redis);
  const page = await desk.raw('/desk/operations/page');
  expect(page.status).toBe(201);
  expect(await page.text()).toBe('<h1>Hi</h1>');
  expect(page.headers.get('x-desk')).toBe('yes');
  expect(page.headers.get('set-cookie')).toBeNull();
  expect(page.headers.get('content-security-policy')).toContain('sandbox allow-scripts allow-forms');
  const stream = await desk.raw('/desk/operations/stream');
  expect(await stream.text()).toBe('first 0\nfirst 1\nfirst 2\nfirst 3\nfirst 4\n');
});

test('a call with a key is made once, however often it is asked for', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis);
  const tally = (key: string, body: object = {}) =>
    desk.ask('/desk/operations/tally', { body, headers: { 'idempotency-key': key } });
  const both = await Promise.all([tally('k1'), tally('k1'), tally('k1')]);
  const made = both.filter(({ status }) => status === 200);
  const held = both.filter(({ status }) => status === 409);
  expect([made.length, held.length]).toEqual([1, 2]);
  expect(errorTypeOf(held[0]?.body)).toBe('call_in_progress');
  expect(held[0]?.headers.get('retry-after')).toBe('1');
  const again = await tally('k1');
  expect(again).toMatchObject({ status: 200, body: { tally: { calls: 1 } } });
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(await tally('k1', { other: 1 })).toMatchObject({ status: 422 });
  expect((await tally('k2')).body).toMatchObject({ tally: { calls: 2 } });
  // What the schema refused was not begun: the key is free.
  const misfit = { body: { text: 7 }, headers: { 'idempotency-key': 'k3' } };
  expect((await desk.ask('/desk/operations/count', misfit)).status).toBe(422);
  const fit = { ...misfit, body: { text: 'seven' } };
  expect((await desk.ask('/desk/operations/count', fit)).body).toMatchObject({ count: { characters: 5 } });
});

test('a call with a key that was begun and failed is not made again, and says so', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis, { operationKeepBytes: '1KiB' });
  const call = (operation: string, body: unknown = {}) =>
    desk.raw(`/desk/operations/${operation}`, { body, headers: { 'idempotency-key': 'k1' } });
  const told = async (response: Response) => {
    const { detail } = (await response.json()) as { detail: Record<string, unknown> };
    return [response.status, detail['error_type'], detail['call_reason']];
  };
  for (const [operation, status, reason] of [
    ['boom', 500, 'bundle_error'],
    ['crash', 500, 'bundle_crashed'],
    ['slow', 504, 'timeout'],
  ] as const) {
    expect((await call(operation)).status).toBe(status);
    expect(await told(await call(operation))).toEqual([409, 'call_unknown', reason]);
    expect(await told(await call(operation))).toEqual([409, 'call_unknown', reason]);
  }
  // Made well, but with an answer that is not kept: no second sheet, and no second reading of a long text.
  expect(await (await call('sheet')).text()).toBe('sheet 1');
  expect(await told(await call('sheet'))).toEqual([409, 'call_done', 'answer_streamed']);
  const long = { text: 'x'.repeat(2_000) };
  expect((await call('who', long)).status).toBe(200);
  expect(await told(await call('who', long))).toEqual([409, 'call_done', 'answer_too_large']);
  expect(await told(await call('who', { text: 'y' }))).toEqual([422, 'request.unprocessable', undefined]);
});

test('a call with a key goes on when its caller loses the connection, and is not made again', async ({
  rig,
  redis,
  postgres,
}) => {
  const desk = await openDesk(rig, redis, { rateRegistered: '100000/1m', rateAddress: '100000/1m' });
  const errand = (more: Asked = {}) =>
    desk.raw('/desk/operations/errand', { body: {}, headers: { 'idempotency-key': 'k1' }, ...more });
  const leaving = new AbortController();
  const first = errand({ signal: leaving.signal });
  const lost = first.then(
    () => 'answered',
    () => 'lost',
  );
  await vi.waitFor(
    async () => {
      const held = await postgres.sql.query({ text: 'select 1 from operation_call where token is not null' });
      expect(held).toHaveLength(1);
    },
    { timeout: 15_000, interval: 10 },
  );
  leaving.abort();
  expect(await lost).toBe('lost');
  await vi.waitFor(
    async () => {
      const again = await errand();
      expect(again.status).toBe(200);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(await again.json()).toMatchObject({ errand: { errands: 1 } });
    },
    { timeout: 15_000, interval: 100 },
  );
});

test('calls are counted with the messages of their user', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis, { rateRegistered: '2/1m' });
  const call = () => desk.ask('/desk/operations/count', { body: { text: 'a' } });
  expect([(await call()).status, (await call()).status]).toEqual([200, 200]);
  expect(await call()).toMatchObject({
    status: 429,
    body: { detail: { error_type: 'rate_limit.exceeded' } },
  });
});

test('live updates reach the log of the caller’s session', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis);
  const told = await desk.ask('/desk/operations/tell', { body: { to: 'session', type: 'board.changed' } });
  expect(told.status).toBe(200);
  const session = told.headers.get('x-session-id') ?? '';
  await vi.waitFor(async () => {
    expect(await rig.events(session)).toMatchObject([
      {
        event: 'chat_service',
        streamId: '',
        data: { type: 'board.changed', data: { card: 7 }, conversation: { bundle_id: 'desk' } },
      },
    ]);
  });
  expect((await desk.ask('/desk/operations/tell', { body: { to: 'project', type: 'x.y' } })).status).toBe(
    200,
  );
  const faked = await desk.ask('/desk/operations/tell', { body: { to: 'session', type: 'chat.complete' } });
  expect(faked.status).toBe(500);
  // The author's mistake is not the caller's to read.
  expect(faked.body['detail']).toMatchObject({
    error_type: 'bundle_error',
    error: 'The application failed while answering.',
  });
});

test('what a caller may use is listed for him, with schemas, and described for tools of his', async ({
  rig,
  redis,
}) => {
  const desk = await openDesk(rig, redis);
  const { body } = await desk.ask('/desk');
  const operations = body['operations'] as { name: string }[];
  const names = operations.map(({ name }) => name);
  expect(names).not.toContain('paidOnly');
  expect(names).not.toContain('staffOnly');
  const input = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
  expect(operations.find(({ name }) => name === 'count')).toMatchObject({
    method: 'POST',
    tool: true,
    input,
  });
  expect(operations.find(({ name }) => name === 'slow')).toMatchObject({ timeout_ms: 300 });
  const [mcp] = body['mcp'] as { tools: { name: string }[] }[];
  expect(mcp).toMatchObject({ alias: 'desk-tools', route: 'operations' });
  expect(mcp?.tools.map(({ name }) => name).toSorted()).toEqual(['add', 'boom', 'count', 'page', 'who']);
  const { status, body: document } = await desk.ask('/desk/openapi.json');
  expect(status).toBe(200);
  const paths = document['paths'] as Record<string, Record<string, object>>;
  const base = `/api/integrations/bundles/${redis.tenant}/${redis.project}/desk`;
  expect(Object.keys(paths)).toHaveLength(names.length);
  expect(paths[`${base}/operations/count`]?.['post']).toMatchObject({
    requestBody: { content: { 'application/json': { schema: { properties: { data: input } } } } },
    responses: { '200': { content: { 'application/json': { schema: { required: ['status', 'count'] } } } } },
  });
  expect(paths[`${base}/operations/find`]?.['get']).toMatchObject({
    parameters: [
      { name: 'q', in: 'query', required: true },
      { name: 'tag', in: 'query', required: false },
    ],
  });
  expect(paths[`${base}/public/paid`]?.['post']).toMatchObject({ security: [] });
  expect((await desk.ask('/nobody/openapi.json')).status).toBe(404);
  expect((await desk.ask('/desk/openapi.json', { token: undefined })).status).toBe(401);
});

test('where guests may chat they call what is said to be theirs, and nothing else', async ({
  rig,
  redis,
}) => {
  const desk = await openDesk(rig, redis, { anonymousAllowed: 'true' });
  const guest = { body: {}, token: undefined };
  expect((await desk.ask('/desk/operations/guest', guest)).body).toMatchObject({ guest: 'welcome' });
  const refused = await desk.ask('/desk/operations/who', guest);
  expect([refused.status, errorTypeOf(refused.body)]).toEqual([401, 'auth.user_required']);
  const { body } = await desk.ask('/desk', { token: undefined });
  const names = (body['operations'] as { name: string }[]).map(({ name }) => name);
  expect(names).toContain('guest');
  expect(names).not.toContain('who');
});
