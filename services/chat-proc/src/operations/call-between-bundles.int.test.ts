import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createBundleProps } from '@switchyard/store';
import { startModelServer } from '@switchyard/testkit';
import { beforeAll, expect, vi } from 'vitest';
import { ACTOR_DIR, ASSISTANT_DIR, answerOf, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

// Workers with several bundles, one of them with a widget that is built: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const BUNDLES = path.join(import.meta.dirname, '../../test/bundles');
const WORKBOARD_DIR = path.join(ASSISTANT_DIR, '../workboard');

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: ASSISTANT_DIR });
});

async function openBroker(
  rig: ProcRig,
  { tenant, project }: { tenant: string; project: string },
  settings?: Record<string, string>,
) {
  for (const dir of [ACTOR_DIR, path.join(BUNDLES, 'desk'), path.join(BUNDLES, 'broker')])
    await rig.ship(dir);
  const { port } = await rig.start(settings);
  const token = await rig.token('registered');
  return async (operation: string, body: unknown, isKnown = true): Promise<unknown> => {
    const family = isKnown && operation === 'reflect' ? 'operations' : 'public';
    const url = `http://127.0.0.1:${port}/api/integrations/bundles/${tenant}/${project}/broker/${family}/${operation}`;
    const headers = {
      'content-type': 'application/json',
      ...(isKnown ? { authorization: `Bearer ${token}` } : {}),
    };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return ((await response.json()) as Record<string, unknown>)[operation];
  };
}

test('a bundle calls what others offer, as its caller, and nothing else', async ({ rig, redis }) => {
  const call = await openBroker(rig, redis);
  const ask = (bundle: string, name: string, input?: unknown) => call('ask', { bundle, name, input });
  expect(await call('offered', {})).toEqual(['desk.boom', 'desk.count', 'desk.page', 'desk.who']);
  expect(await ask('desk', 'count', { text: 'héllo' })).toEqual({ output: { characters: 5 } });
  expect(await ask('desk', 'who', { user: { user_id: 'root' } })).toMatchObject({
    output: {
      user: { user_id: 'registered-user', username: 'registered', user_type: 'registered' },
      input: { user: { user_id: 'root' } },
    },
  });
  expect(await ask('desk', 'page')).toEqual({ output: '<h1>Hi</h1>' });
  // Not there, not offered, not for this user, its own: the same words.
  for (const [bundle, name] of [
    ['desk', 'nothing'],
    ['desk', 'constructor'],
    ['desk', 'tally'],
    ['desk', 'paidOnly'],
    ['nobody', 'count'],
    ['broker', 'offered'],
  ] as const)
    expect(await ask(bundle, name)).toMatchObject({ code: 'not_found' });
  expect(await ask('desk', 'count', { text: 7 })).toMatchObject({ code: 'request.unprocessable' });
  const boom = await ask('desk', 'boom');
  expect(boom).toMatchObject({ code: 'bundle_error' });
  expect(JSON.stringify(boom)).not.toContain('sauce');
});

test('nobody in particular is offered nothing, and can be acted for by nobody', async ({ rig, redis }) => {
  const call = await openBroker(rig, redis);
  expect(await call('offered', {}, false)).toEqual([]);
  expect(await call('ask', { bundle: 'desk', name: 'count', input: { text: 'a' } }, false)).toMatchObject({
    code: 'capability_denied',
  });
});

test('calls count as those of the user', async ({ rig, redis }) => {
  const call = await openBroker(rig, redis, { rateRegistered: '3/1m' });
  const count = { bundle: 'desk', name: 'count', input: { text: 'a' } };
  // Two each: the call of the broker and the one that it makes.
  expect(await call('ask', count)).toEqual({ output: { characters: 1 } });
  expect(await call('ask', count)).toMatchObject({ code: 'rate_limit.exceeded' });
});

test('two that call each other come to an end', async ({ rig, redis }) => {
  const text = await readFile(path.join(BUNDLES, 'broker/bundle.ts'), 'utf8');
  const mirror = path.join(rig.bundlesDir, 'mirror');
  await mkdir(mirror, { recursive: true });
  const mirrored = text
    .replace("ID = 'broker'", "ID = 'mirror'")
    .replace("OTHER = 'mirror'", "OTHER = 'broker'");
  await writeFile(path.join(mirror, 'bundle.ts'), mirrored);
  const call = await openBroker(rig, redis, { operationCallDepth: '2' });
  expect(await call('reflect', { depth: 0 })).toEqual({ depth: 2, code: 'capability_denied' });
});

test('the assistant puts a card on the workboard for who asked, where an admin allowed it', async ({
  rig,
  redis,
  postgres,
}) => {
  await using server = await startModelServer();
  for (const dir of [ASSISTANT_DIR, WORKBOARD_DIR]) await rig.ship(dir);
  const props = createBundleProps(postgres.sql, redis);
  await props.put('assistant', { operations: ['workboard.*', 'workboard.edit'] }, 0, 'admin');
  await rig.start({ defaultBundle: 'assistant', modelBaseUrl: `${server.url}/v1`, modelName: 'small-1' });
  server.script(
    { toolCalls: [{ name: 'workboard_add', input: { title: 'Buy milk', column: 'todo' } }] },
    { toolCalls: [{ name: 'workboard_board', input: {} }] },
    { text: 'It is on the board.' },
  );
  const ack = await rig.say('Put milk on the board.', { bundleId: 'assistant' });
  const events = await rig.ended(ack);
  expect(answerOf(events)).toBe('It is on the board.');
  const [first, , third] = server.requests;
  expect(JSON.stringify(first?.body.tools)).toContain('workboard_search');
  // Allowed by the admin, but not offered as a tool.
  expect(JSON.stringify(first?.body.tools)).not.toContain('workboard_edit');
  expect(JSON.stringify(third?.body.messages)).toContain('Buy milk');
  const steps = events
    .filter(({ event }) => event === 'chat_step')
    .map(({ data }) => `${data.event.title ?? ''} ${data.event.status ?? ''}`);
  expect(steps).toContain('workboard: add completed');
  const kept = await postgres.sql.query<{ value: unknown }>({
    text: "select value from bundle_value where bundle_id = 'workboard'",
  });
  expect(JSON.stringify(kept)).toContain('Buy milk');
  expect(JSON.stringify(kept)).toContain('"by":"ada"');
});
