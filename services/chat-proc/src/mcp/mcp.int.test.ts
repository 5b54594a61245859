import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const BUNDLES = path.join(import.meta.dirname, '../../test/bundles');

interface Shop {
  /** An official client, connected. `path` after the scope. */
  client(address: string, token?: string): Promise<Client>;
  post(address: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  token: string;
}

async function openShop(
  rig: ProcRig,
  { tenant, project }: { tenant: string; project: string },
  settings?: Record<string, string>,
): Promise<Shop> {
  for (const dir of [ACTOR_DIR, path.join(BUNDLES, 'desk'), path.join(BUNDLES, 'kiosk')]) await rig.ship(dir);
  const { port } = await rig.start(settings);
  const base = `http://127.0.0.1:${port}/api/integrations/bundles/${tenant}/${project}`;
  return {
    token: await rig.token('registered'),
    async client(address, token) {
      const client = new Client({ name: 'test', version: '1' });
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(base + address), { requestInit: { headers } }),
      );
      return client;
    },
    post: (address, body, headers = {}) =>
      fetch(base + address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: JSON.stringify(body),
      }),
  };
}

const listing = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('the official client finds tools and calls them', async ({ rig, redis }) => {
  const shop = await openShop(rig, redis);
  const client = await shop.client('/desk/mcp/desk-tools', shop.token);
  expect(client.getServerVersion()).toMatchObject({ name: 'desk', title: 'Desk first' });
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name).toSorted()).toEqual(['add', 'boom', 'count', 'page', 'who']);
  expect(tools.find(({ name }) => name === 'count')).toMatchObject({
    description: 'Counts the characters of a text.',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    outputSchema: { type: 'object', properties: { characters: { type: 'number' } } },
  });
  expect(await client.callTool({ name: 'add', arguments: { a: 2, b: 40 } })).toEqual({
    content: [{ type: 'text', text: '{"sum":42}' }],
    structuredContent: { sum: 42 },
  });
  expect(await client.callTool({ name: 'count', arguments: { text: 'héllo' } })).toMatchObject({
    structuredContent: { characters: 5 },
  });
  expect(await client.callTool({ name: 'page' })).toMatchObject({
    content: [{ type: 'text', text: '<h1>Hi</h1>' }],
  });
  const who = await client.callTool({ name: 'who', arguments: { user: 'root' } });
  expect(JSON.stringify(who)).toContain('registered-user');
  await client.close();
});

test('a model is told what it did wrong, and nothing of the inside', async ({ rig, redis }) => {
  const shop = await openShop(rig, redis);
  const client = await shop.client('/desk/mcp/desk-tools', shop.token);
  const misfit = await client.callTool({ name: 'add', arguments: { a: 'two', b: 1 } });
  expect(misfit).toMatchObject({ isError: true });
  expect(JSON.stringify(misfit)).toContain('a: ');
  const boom = await client.callTool({ name: 'boom' });
  expect(boom).toEqual({
    isError: true,
    content: [{ type: 'text', text: 'The application failed while answering.' }],
  });
  for (const name of ['nothing', 'constructor', 'paidOnly', 'tally'])
    await expect(client.callTool({ name })).rejects.toMatchObject({ code: -32602 });
  await client.close();
});

test('who may not, gets nothing; a public endpoint opens no operation of users', async ({ rig, redis }) => {
  const shop = await openShop(rig, redis);
  const status = async (address: string, headers?: Record<string, string>) =>
    (await shop.post(address, listing, headers)).status;
  expect(await status('/desk/mcp/desk-tools')).toBe(401);
  expect(await status('/nobody/mcp/tools')).toBe(401);
  expect(await status('/desk/mcp/desk-tools', bearer('nonsense'))).toBe(401);
  expect(await status('/desk/mcp/other', bearer(shop.token))).toBe(404);
  expect(await status('/nobody/mcp/tools', bearer(shop.token))).toBe(404);
  expect(await status('/actor/mcp/tools', bearer(shop.token))).toBe(404);
  const stranger = await shop.client('/kiosk/mcp/open');
  expect((await stranger.listTools()).tools.map(({ name }) => name).toSorted()).toEqual(['hours', 'menu']);
  expect(await stranger.callTool({ name: 'hours' })).toMatchObject({ content: [{ text: 'for public' }] });
  await expect(stranger.callTool({ name: 'ledger' })).rejects.toMatchObject({ code: -32602 });
  await stranger.close();
  const known = await shop.client('/kiosk/mcp/open', shop.token);
  expect(await known.callTool({ name: 'ledger' })).toMatchObject({ content: [{ text: 'the ledger' }] });
  await known.close();
});

test('bad requests are refused, calls are counted, and looking is not', async ({ rig, redis }) => {
  const shop = await openShop(rig, redis, { rateRegistered: '2/1m' });
  const own = bearer(shop.token);
  const address = '/desk/mcp/desk-tools';
  const call = { ...listing, method: 'tools/call', params: { name: 'add', arguments: { a: 1, b: 1 } } };
  expect((await shop.post(address, [call, call], own)).status).toBe(400);
  expect((await shop.post(address, { method: 'tools/list' }, own)).status).toBe(400);
  expect((await shop.post(address, listing, { ...own, accept: 'text/html' })).status).toBe(406);
  const opened = await fetch((await shop.post(address, listing, own)).url, { headers: own });
  expect([opened.status, opened.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  for (let at = 0; at < 4; at += 1) expect((await shop.post(address, listing, own)).status).toBe(200);
  const calls = [await shop.post(address, call, own), await shop.post(address, call, own)];
  expect(calls.map(({ status }) => status)).toEqual([200, 200]);
  const refused = await shop.post(address, call, own);
  expect([refused.status, refused.headers.has('retry-after')]).toEqual([429, true]);
});
