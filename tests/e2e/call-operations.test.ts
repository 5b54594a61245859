import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createStackTest } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { SCOPE, createChatCalls } from '../src/chat-calls.ts';
import { readEvents, readUntil } from '../src/stream-events.ts';

const BUNDLES = path.join(import.meta.dirname, '../../services/chat-proc/test/bundles');
const BASE = `/api/integrations/bundles/${SCOPE}`;

const stackTest = createStackTest({ isPageless: true, env: { BUNDLE_SOURCES: BUNDLES } });

/** Registers the bundle as an admin does. Registering the same files again changes nothing. */
async function openDesk(stack: StackFixture): Promise<void> {
  const token = await stack.token({ user: 'root', type: 'privileged' });
  const response = await fetch(`${stack.url}/admin/integrations/bundles`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ op: 'merge', bundles: { desk: { path: path.join(BUNDLES, 'desk') } } }),
  });
  expect(await response.json()).toMatchObject({ status: 'ok' });
}

stackTest('operations over the proxy: JSON, GET, public, a stream, and refusals', async ({ stack }) => {
  await openDesk(stack);
  const { ask } = await createChatCalls(stack, 'ada');
  const count = await ask(`${BASE}/desk/operations/count`, { json: { data: { text: 'héllo' } } });
  expect(count.status).toBe(200);
  expect(await count.json()).toMatchObject({ status: 'ok', bundle_id: 'desk', count: { characters: 5 } });
  const found = await ask(`${BASE}/desk/operations/find?q=a`);
  expect(await found.json()).toMatchObject({ find: { q: 'a' } });
  const open = await fetch(`${stack.url}${BASE}/desk/public/paid/a/b`, { method: 'POST' });
  expect(await open.json()).toMatchObject({ paid: { user: 'public', input: { tail: 'a/b' } } });
  const stream = await ask(`${BASE}/desk/operations/stream`);
  expect(await stream.text()).toBe('first 0\nfirst 1\nfirst 2\nfirst 3\nfirst 4\n');
  const page = await ask(`${BASE}/desk/operations/page`);
  expect(page.headers.get('content-security-policy')).toContain('sandbox');
  expect((await ask(`${BASE}/desk/operations/paidOnly`, { json: {} })).status).toBe(403);
  expect((await ask(`${BASE}/desk/operations/count`, { json: { text: 1 } })).status).toBe(422);
  expect((await ask(`${BASE}/desk/operations/nothing`, { json: {} })).status).toBe(404);
  const headers = { authorization: 'Bearer nonsense' };
  expect((await fetch(`${stack.url}${BASE}/desk/operations/find?q=a`, { headers })).status).toBe(401);
});

stackTest('the official MCP client over the proxy', async ({ stack }) => {
  await openDesk(stack);
  const headers = { authorization: `Bearer ${await stack.token({ user: 'ada' })}` };
  const client = new Client({ name: 'test', version: '1' });
  const url = new URL(`${stack.url}${BASE}/desk/mcp/desk-tools`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  expect(await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } })).toMatchObject({
    structuredContent: { sum: 5 },
  });
  await client.close();
});

stackTest('a live update reaches the streams of the caller, or those of everybody', async ({ stack }) => {
  await openDesk(stack);
  const ada = await createChatCalls(stack, 'ada');
  const grace = await createChatCalls(stack, 'grace');
  const [hers, others] = [
    readEvents(await ada.openStream('s-ada')),
    readEvents(await grace.openStream('s-grace')),
  ];
  for (const stream of [hers, others]) await readUntil(stream, ({ event }) => event === 'ready');
  for (const [to, type] of [
    ['session', 'board.mine'],
    ['project', 'board.changed'],
  ]) {
    const told = await ada.ask(`${BASE}/desk/operations/tell`, { json: { to, type } });
    expect(told.status).toBe(200);
  }
  const isLast = ({ data }: { data: Record<string, unknown> }) => data['type'] === 'board.changed';
  const typesOf = (events: readonly { data: Record<string, unknown> }[]) =>
    events.map(({ data }) => data['type']);
  // The one is in the session's log and the other in none, so neither waits for the other.
  const wanted = new Set<unknown>(['board.mine', 'board.changed']);
  const own = await readUntil(hers, ({ data }) => wanted.delete(data['type']) && wanted.size === 0);
  expect(own).toHaveLength(2);
  const heard = await readUntil(others, isLast);
  expect(typesOf(heard)).toEqual(['board.changed']);
  expect(heard.at(-1)?.data['conversation']).toMatchObject({ session_id: '', bundle_id: 'desk' });
});
