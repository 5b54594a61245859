import { bundleListSchema } from '@switchyard/protocol';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, answerOf, procTest as test } from '../test/proc-rig.ts';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function call(
  port: number,
  path: string,
  options: { token?: string; post?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.post === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.post === undefined ? {} : { method: 'POST', body: JSON.stringify(options.post) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('bundles are listed for who may chat, and one by one', async ({ rig, redis }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const token = await rig.token('registered');
  const { status, body } = await call(port, '/api/integrations/bundles', { token });
  expect(status).toBe(200);
  expect(bundleListSchema.parse(body)).toMatchObject({
    default_bundle_id: 'actor',
    bundles: [
      {
        bundle_id: 'actor',
        name: 'Actor first',
        is_default: true,
        version: expect.stringMatching(/^actor__builtin__/u),
      },
    ],
  });
  const scope = `${redis.tenant}/${redis.project}`;
  expect(await call(port, `/api/integrations/bundles/${scope}/actor`, { token })).toMatchObject({
    status: 200,
    body: { bundle_id: 'actor', operations: [] },
  });
  expect((await call(port, `/api/integrations/bundles/${scope}/nobody`, { token })).status).toBe(404);
  expect((await call(port, '/api/integrations/bundles/other/main/actor', { token })).status).toBe(403);
  expect((await call(port, '/api/integrations/bundles')).status).toBe(401);
  expect((await call(port, '/api/integrations/bundles', { token: 'nonsense' })).status).toBe(401);
});

test('the admin endpoints are for admins', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const token = await rig.token('registered');
  const requests: [path: string, body: { post?: unknown }][] = [
    ['/admin/integrations/bundles', {}],
    ['/admin/integrations/bundles', { post: { op: 'merge' } }],
    ['/admin/integrations/bundles/reload-authority', { post: {} }],
  ];
  for (const [path, body] of requests) {
    expect((await call(port, path, body)).status).toBe(401);
    expect((await call(port, path, { token, ...body })).status).toBe(403);
  }
});

test('a broken version is told to the admin and the old one answers on', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const token = await rig.token('privileged');
  const path = await rig.writeActor('broken', (text) => `throw new Error('the moon is missing');\n${text}`);
  const { status, body } = await call(port, '/admin/integrations/bundles', {
    token,
    post: { op: 'merge', bundles: { actor: { path } } },
  });
  expect({ status, body }).toMatchObject({
    status: 200,
    body: {
      status: 'error',
      bundles: { actor: { status: 'error', error: expect.stringContaining('the moon is missing') } },
    },
  });
  expect(answerOf(await rig.ended(await rig.say('slow')))).toMatch(/^(?:first )+$/u);
  const list = await call(port, '/admin/integrations/bundles', { token });
  expect(list.body).toMatchObject({
    default_bundle_id: 'actor',
    bundles: [
      {
        bundle_id: 'actor',
        active_version: expect.stringMatching(/^actor__builtin__/u),
        error: { error: expect.stringContaining('the moon is missing') },
        worker_error: null,
      },
    ],
  });
});

test('a switch under live turns: none is lost, each is of one version', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start({ slots: '16' });
  const token = await rig.token('privileged');
  const before = await Promise.all(
    Array.from({ length: 8 }, (_one, at) => rig.say('slow', { user: `before-${at}` })),
  );
  await Promise.all(before.map((ack) => rig.saysSoon(ack, 'first')));
  const path = await rig.writeActor('second');
  const { body } = await call(port, '/admin/integrations/bundles', {
    token,
    post: { op: 'merge', bundles: { actor: { path } } },
  });
  expect(body).toMatchObject({ status: 'ok', bundles: { actor: { status: 'ok' } } });
  const after = await Promise.all(
    Array.from({ length: 8 }, (_one, at) => rig.say('slow', { user: `after-${at}` })),
  );
  for (const ack of before) expect(answerOf(await rig.ended(ack))).toBe('first '.repeat(40));
  for (const ack of after) expect(answerOf(await rig.ended(ack))).toBe('second '.repeat(40));
  expect(
    (
      await call(port, '/admin/integrations/bundles', {
        token,
        post: { op: 'merge', bundles: { actor: { path } } },
      })
    ).body,
  ).toMatchObject({
    bundles: { actor: { status: 'unchanged' } },
  });
});

test('a second worker follows a switch', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const one = await rig.start();
  const two = await rig.start();
  const token = await rig.token('privileged');
  const path = await rig.writeActor('second');
  await call(one.port, '/admin/integrations/bundles', {
    token,
    post: { op: 'merge', bundles: { actor: { path } } },
  });
  await vi.waitFor(
    async () => {
      const { body } = await call(two.port, '/health', {});
      expect(body).toMatchObject({ detail: { registry: { ok: true } } });
      const versions = await Promise.all(
        Array.from({ length: 6 }, (_one, at) =>
          rig.say('slow', { user: `u-${at}` }).then((ack) => rig.ended(ack)),
        ),
      );
      for (const events of versions) expect(answerOf(events)).toBe('second '.repeat(40));
    },
    { timeout: 15_000 },
  );
});

test('bad input is refused with words, and the default stays', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const token = await rig.token('privileged');
  const post = (body: unknown) => call(port, '/admin/integrations/bundles', { token, post: body });
  expect((await post({ op: 'everything' })).status).toBe(400);
  expect((await post({ op: 'merge', bundles: { '../x': { path: 'y' } } })).status).toBe(400);
  expect((await post({ op: 'merge', tenant: 'other' })).status).toBe(400);
  expect(await post({ op: 'merge', default_bundle_id: 'nobody' })).toMatchObject({ status: 422 });
  for (const path of ['relative', '/etc', '/does/not/exist', rig.bundlesDir]) {
    expect((await post({ op: 'merge', bundles: { actor: { path } } })).body).toMatchObject({
      status: 'error',
      bundles: { actor: { status: 'error' } },
    });
  }
  expect(await post({ op: 'merge', default_bundle_id: 'actor' })).toMatchObject({
    status: 200,
    body: { status: 'ok' },
  });
  expect(
    (await call(port, '/admin/integrations/bundles/reload-authority', { token, post: {} })).body,
  ).toMatchObject({ default_bundle_id: 'actor' });
});

test('health, metrics and openapi', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const health = await call(port, '/health/ready');
  expect(health).toMatchObject({
    status: 200,
    body: {
      status: 'ok',
      detail: { postgres: { ok: true }, redis: { ok: true }, runner: { ok: true }, registry: { ok: true } },
    },
  });
  const { body } = await call(port, '/openapi.json');
  expect(Object.keys(body['paths'] as object)).toEqual([
    '/api/integrations/bundles',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/openapi.json',
    '/api/integrations/widgets/bridge.js',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/widgets',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/widgets/{alias}/ticket',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/public/widgets/{alias}/{path}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/widgets/{alias}/{path}',
    '/api/integrations/static/{tenant}/{project}/{bundle}/{path}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/operations/{operation}',
    '/api/integrations/bundles/{tenant}/{project}/operations/{operation}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/public/{operation}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/public/{operation}/{tail}',
    '/api/integrations/bundles/{tenant}/{project}/{bundle}/mcp/{alias}',
    '/admin/integrations/bundles',
    '/admin/integrations/bundles/cleanup',
    '/admin/integrations/bundles/reload-authority',
    '/admin/integrations/bundles/upload',
    '/admin/integrations/bundles/{bundle}/versions',
    '/admin/integrations/bundles/{bundle}/rollback',
    '/admin/integrations/bundles/{bundle}',
    '/admin/integrations/documents',
    '/admin/integrations/bundles/{bundle}/props',
    '/admin/integrations/bundles/{bundle}/props/reset-code',
    '/admin/integrations/bundles/{bundle}/secrets',
    '/admin/integrations/bundles/{bundle}/schedules',
    '/admin/integrations/bundles/{bundle}/schedules/{schedule}/run',
    '/admin/integrations/bundles/{bundle}/jobs',
    '/admin/integrations/bundles/{bundle}/jobs/{job}/retry',
    '/admin/integrations/bundles/{bundle}/jobs/{job}/drop',
    '/admin/integrations/bundles/{bundle}/logs',
    '/admin/integrations/sites',
    '/admin/integrations/sites/{alias}',
    '/admin/integrations/sites/{alias}/deploys',
    '/admin/integrations/sites/{alias}/deploys/{deploy}',
    '/admin/integrations/sites/{alias}/deploys/{deploy}/files',
    '/admin/integrations/sites/{alias}/deploys/{deploy}/activate',
    '/admin/integrations/sites/{alias}/rollback',
    '/admin/integrations/sites/{alias}/unpublish',
    '/admin/integrations/sites/{alias}/logs',
    '/admin/integrations/bundles/{bundle}/predictions',
    '/admin/integrations/procedures',
  ]);
  await rig.ended(await rig.say('returned'));
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('switchyard_turn_first_delta_seconds_count');
});
