import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Scope } from '@switchyard/kernel';
import { expect, vi } from 'vitest';
import { answerOf, procTest } from '../../test/proc-rig.ts';
import { startSecrets } from '../../test/start-secrets.ts';

const KEEPER_DIR = path.join(import.meta.dirname, '../../test/bundles/keeper');
const ADMIN = '/admin/integrations/bundles/keeper';
const KEY = 'sk-live-0123456789';

const test = procTest.extend<{ opened: Scope }>({
  opened: async ({ task: _task }, use) => {
    const scope = new Scope();
    await use(scope);
    await scope.close();
  },
});

type Answer = { status: number; body: Record<string, unknown> };

/** Asks one worker, as an admin. */
function asker(port: number, token: string) {
  return async (method: string, address: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`http://127.0.0.1:${port}${address}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

test('props are set on every worker, outlive a restart, and go back to the code', async ({
  rig,
  redis,
  postgres,
}) => {
  await rig.ship(KEEPER_DIR);
  const token = await rig.token('privileged');
  const one = asker((await rig.start({ defaultBundle: 'keeper' })).port, token);
  const two = asker((await rig.start({ defaultBundle: 'keeper' })).port, token);
  const operation = `/api/integrations/bundles/${redis.tenant}/${redis.project}/keeper/operations/greet`;
  const greets = async (ask: typeof one) => (await ask('POST', operation, {})).body['greet'];
  expect((await one('GET', `${ADMIN}/props`)).body).toMatchObject({
    version: 0,
    schema: { properties: { greeting: { maxLength: 20 } } },
    defaults: { greeting: 'Hi', times: 1 },
    override: {},
    props: { greeting: 'Hi', times: 1 },
  });
  expect(await greets(two)).toEqual({ text: 'Hi', changes: 0 });

  const set = await one('POST', `${ADMIN}/props`, { props: { greeting: 'Yo', times: 2 } });
  expect(set).toMatchObject({ status: 200, body: { version: 1, props: { greeting: 'Yo', times: 2 } } });
  expect(await greets(one)).toEqual({ text: 'YoYo', changes: 1 });
  await vi.waitFor(async () => expect(await greets(two)).toEqual({ text: 'YoYo', changes: 1 }), {
    timeout: 15_000,
    interval: 20,
  });
  expect((await one('POST', `${ADMIN}/props`, { props: { times: null } })).body).toMatchObject({
    override: { greeting: 'Yo' },
  });
  expect(await greets(one)).toMatchObject({ text: 'Yo' });

  for (const props of [{ times: 0 }, { colour: 'red' }, { greeting: 'refused' }])
    expect(await one('POST', `${ADMIN}/props`, { props })).toMatchObject({ status: 422 });
  expect((await one('POST', `${ADMIN}/props`, { props: { times: 3 }, if_version: 1 })).status).toBe(409);
  expect(await greets(one)).toMatchObject({ text: 'Yo' });

  const three = asker((await rig.start({ defaultBundle: 'keeper' })).port, token);
  expect(await greets(three)).toEqual({ text: 'Yo', changes: 0 });
  expect((await three('POST', `${ADMIN}/props/reset-code`, {})).body).toMatchObject({
    override: {},
    version: 3,
  });
  expect(await greets(three)).toMatchObject({ text: 'Hi' });
  expect((await one('GET', '/admin/integrations/bundles/nobody/props')).status).toBe(404);

  const text = "select action, outcome from audit_entry where action like 'bundle.props%' order by audit_id";
  const rows = await postgres.sql.query<{ action: string; outcome: string }>({ text });
  expect(rows.map(({ outcome }) => outcome).filter((outcome) => outcome === 'done')).toHaveLength(3);
  expect(rows.at(-1)).toEqual({ action: 'bundle.props.reset', outcome: 'done' });
});

test('a secret is set and never told, and what a bundle writes of it is masked', async ({
  rig,
  redis,
  opened,
  postgres,
}) => {
  await rig.ship(KEEPER_DIR);
  const settings = await startSecrets(opened, redis);
  const { port } = await rig.start({ ...settings, defaultBundle: 'keeper' });
  const ask = asker(port, await rig.token('privileged'));
  const operation = `/api/integrations/bundles/${redis.tenant}/${redis.project}/keeper/operations/key`;
  expect((await ask('GET', `${ADMIN}/secrets`)).body).toEqual({
    bundle_id: 'keeper',
    secrets: [{ name: 'api_key', is_set: false, is_declared: true }],
    missing: ['api_key'],
  });
  expect((await ask('POST', operation, {})).body['key']).toBe('secret_missing');
  expect((await ask('POST', `${ADMIN}/secrets`, { set: { other: 'x' } })).status).toBe(422);
  const set = await ask('POST', `${ADMIN}/secrets`, { set: { api_key: KEY } });
  expect(set).toMatchObject({ status: 200, body: { missing: [] } });
  expect(JSON.stringify(set.body)).not.toContain(KEY);
  expect((await ask('POST', operation, {})).body['key']).toBe(KEY.length);

  const ack = await rig.say('tell', { bundleId: 'keeper' });
  const events = await rig.ended(ack);
  expect(answerOf(events)).toBe('key=***');
  expect(JSON.stringify(events)).toContain('"deep":[{"key":"***"}]');
  expect(JSON.stringify([events, await rig.row(ack.turn_id)])).not.toContain(KEY);
  // Its log lines too, and what it throws.
  await vi.waitFor(async () => {
    const logs = await fetch(`http://127.0.0.1:${port}${ADMIN}/logs`, {
      headers: { authorization: `Bearer ${await rig.token('privileged')}` },
    });
    const text = await logs.text();
    expect(text).toContain('the key is ***');
    expect(text).toContain('failed with ***');
    expect(text).not.toContain(KEY);
  });
  const audit = await postgres.sql.query({
    text: "select * from audit_entry where action = 'bundle.secrets'",
  });
  expect(audit).toHaveLength(2);
  expect(JSON.stringify(audit)).not.toContain(KEY);
  const reads = await postgres.sql.query({
    text: "select actor_id, target, outcome, after from audit_entry where action = 'secret.read' order by audit_id",
  });
  const read = { actor_id: 'bundle:keeper', target: 'keeper/api_key' };
  const user = { user_id: expect.any(String) as string };
  expect(reads).toEqual([
    { ...read, outcome: 'refused', after: { ...user, error_type: 'secret_missing' } },
    { ...read, outcome: 'done', after: user },
    { ...read, outcome: 'done', after: user },
  ]);
  expect(JSON.stringify(reads)).not.toContain(KEY);

  expect((await ask('POST', `${ADMIN}/secrets`, { unset: ['api_key'] })).body['missing']).toEqual([
    'api_key',
  ]);
  expect((await ask('POST', operation, {})).body['key']).toBe('secret_missing');

  await ask('POST', `${ADMIN}/secrets`, { set: { api_key: KEY } });
  expect((await ask('POST', operation, {})).body['key']).toBe(KEY.length);
  await postgres.sql.query({ text: 'alter table audit_entry rename to audit_gone' });
  // Nobody gets a value of which it is not written who got it.
  expect((await ask('POST', operation, {})).body['key']).not.toBe(KEY.length);
});

test('a bundle reaches the hosts that it names where the operator allows it, and nothing on this machine', async ({
  rig,
  redis,
  opened,
}) => {
  await rig.ship(KEEPER_DIR);
  const server = createServer((_req, res) => res.end('from outside'));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  opened.defer(() => void server.close());
  const { port: outside } = server.address() as AddressInfo;
  const { port } = await rig.start({ defaultBundle: 'keeper', httpPrivateHosts: `localhost:${outside}` });
  const ask = asker(port, await rig.token('privileged'));
  const operation = `/api/integrations/bundles/${redis.tenant}/${redis.project}/keeper/operations/fetch`;
  const fetched = async (url: string) => (await ask('POST', operation, { url })).body['fetch'];
  expect(await fetched(`http://localhost:${outside}/`)).toBe('from outside');
  expect(await fetched(`http://localhost:${port}/health`)).toBe('capability_denied');
  expect(await fetched(`http://127.0.0.1:${outside}/`)).toBe('capability_denied');
  expect(await fetched('exec')).toBe('capability_unavailable');
});

test('props that a stricter version refuses are told, kept, and back after a rollback', async ({ rig }) => {
  const dir = await rig.ship(KEEPER_DIR);
  const token = await rig.token('privileged');
  const { port } = await rig.start({ defaultBundle: 'keeper' });
  const one = asker(port, token);
  const bundles = async () => (await one('GET', '/admin/integrations/bundles')).body['bundles'];
  const view = async () =>
    ((await bundles()) as Record<string, unknown>[]).find((row) => row['bundle_id'] === 'keeper');
  const lenient = (await view())?.['active_version'];
  await one('POST', `${ADMIN}/props`, { props: { greeting: 'Good morning' } });
  expect((await view())?.['props_not_applied']).toEqual([]);
  const file = path.join(dir, 'bundle.ts');
  await writeFile(file, (await readFile(file, 'utf8')).replace('.max(20)', '.max(5)'));
  const strict = await one('POST', '/admin/integrations/bundles', {
    op: 'merge',
    bundles: { keeper: { path: dir } },
  });
  expect(strict.status).toBe(200);
  const problem = { name: 'greeting', message: expect.stringContaining('greeting: ') as string };
  expect((await view())?.['props_not_applied']).toEqual([problem]);
  expect((await one('GET', `${ADMIN}/props`)).body).toMatchObject({
    override: { greeting: 'Good morning' },
    props: { greeting: 'Hi' },
    not_applied: [problem],
  });
  const logs = await fetch(`http://127.0.0.1:${port}${ADMIN}/logs`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await logs.text()).toContain('greeting (greeting: ');
  expect((await one('POST', `${ADMIN}/rollback`, { version: lenient })).status).toBe(200);
  expect((await view())?.['props_not_applied']).toEqual([]);
  expect((await one('GET', `${ADMIN}/props`)).body).toMatchObject({ props: { greeting: 'Good morning' } });
});
