import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from '@switchyard/bundle-sdk';
import { openBundle } from '@switchyard/bundle-testing';
import { expect, test as base } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
/** A run starts a compiler over the whole SDK. */
const PATIENCE_MS = 300_000;
const AUTHORIZATION = 'Bearer of-the-bridge';

/** How the server keeps who speaks with it, and how it answers. */
interface Kind {
  readonly hasSessions: boolean;
  readonly isJson: boolean;
}

interface Shop {
  readonly url: string;
  /** Calls of tools, by what they were given. */
  readonly calls: unknown[];
  /** Sessions that were opened. */
  opened: number;
  /** Forgets every session, as a server does that was started again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

function createTools(calls: unknown[], more: readonly string[]): McpServer {
  const server = new McpServer({ name: 'shop', version: '1' });
  const price = {
    description: 'What a thing costs.',
    inputSchema: { thing: z.string(), count: z.int().min(1).default(1) },
  };
  server.registerTool('price.of', { ...price, outputSchema: { euros: z.number() } }, ({ thing, count }) => {
    calls.push({ thing, count });
    if (thing === 'moon') return { isError: true, content: [{ type: 'text', text: 'It is not for sale.' }] };
    const structuredContent = { euros: 3 * count };
    return { structuredContent, content: [{ type: 'text', text: JSON.stringify(structuredContent) }] };
  });
  server.registerTool('hours', { description: 'When the shop is open.' }, () => ({
    content: [
      { type: 'text', text: 'from nine' },
      { type: 'text', text: 'to five' },
    ],
  }));
  for (const name of more) server.registerTool(name, {}, () => ({ content: [] }));
  return server;
}

/** The official server, on a port of its own. `more`: names of further tools, read at every request. */
async function openShop({ hasSessions, isJson }: Kind, more: string[] = []): Promise<Shop> {
  const calls: unknown[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      ...(hasSessions ? { sessionIdGenerator: () => crypto.randomUUID() } : {}),
      enableJsonResponse: isJson,
      onsessioninitialized: (id) => {
        shop.opened += 1;
        sessions.set(id, transport);
      },
    });
    await createTools(calls, more).connect(transport);
    return transport;
  };
  const http = createServer(async (request, response) => {
    if (request.headers.authorization !== AUTHORIZATION) {
      response.writeHead(401).end();
      return;
    }
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && known === undefined) {
      response.writeHead(404).end();
      return;
    }
    await (known ?? (await open())).handleRequest(request, response);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const shop: Shop = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    calls,
    opened: 0,
    async restart() {
      for (const transport of sessions.values()) await transport.close();
      sessions.clear();
    },
    async close() {
      await shop.restart();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return shop;
}

interface Stand {
  readonly folder: string;
  shop(kind: Kind, more?: string[]): Promise<Shop>;
  run(
    words: readonly string[],
    input?: string,
  ): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-bridge-'));
    const shops: Shop[] = [];
    await use({
      folder,
      async shop(kind, more) {
        const shop = await openShop(kind, more);
        shops.push(shop);
        return shop;
      },
      async run(words, input) {
        const child = spawn(process.execPath, [PROGRAM, ...words], {
          cwd: folder,
          env: { ...process.env, SWITCHYARD_CWD: folder },
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        const ended = once(child, 'close');
        child.stdin.end(input);
        const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
        await ended;
        return { code: child.exitCode, stdout, stderr };
      },
    });
    for (const shop of shops) await shop.close();
    await rm(folder, { recursive: true, force: true });
  },
});

const kinds: [string, Kind][] = [
  ['with sessions and streams', { hasSessions: true, isJson: false }],
  ['without sessions, in plain JSON', { hasSessions: false, isJson: true }],
];

test.for(kinds)(
  'tools of a server %s are operations',
  { timeout: PATIENCE_MS },
  async ([, kind], { stand }) => {
    const shop = await stand.shop(kind);
    const words = ['bundle', 'new', 'shop', '--from-mcp', shop.url, '--authorization', '--json'];
    const made = await stand.run(words, AUTHORIZATION);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(made.stdout)).toMatchObject({ bundle_id: 'shop', tools: ['price_of', 'hours'] });
    const known = await readFile(path.join(stand.folder, 'shop/server.ts'), 'utf8');
    expect(known).not.toContain('of-the-bridge');

    await using bundle = await openBundle(path.join(stand.folder, 'shop/bundle.ts'));
    bundle.platform.http = fetch;
    bundle.platform.secrets.set('authorization', AUTHORIZATION);
    expect(bundle.manifest).toMatchObject({
      secrets: ['authorization'],
      operations: {
        price_of: {
          tool: true,
          description: 'What a thing costs.',
          input: { type: 'object', properties: { thing: { type: 'string' } }, required: ['thing'] },
        },
      },
    });
    expect(await bundle.operation('price_of', { thing: 'cup', count: 2 })).toEqual({ euros: 6 });
    expect(await bundle.operation('hours', {})).toEqual({ text: 'from nine\nto five' });
    const failed = await bundle.operation('price_of', { thing: 'moon' });
    expect(failed).toMatchObject({ status: 422 });
    expect(await (failed as Response).json()).toMatchObject({
      error_type: 'tool_failed',
      text: 'It is not for sale.',
    });
    // What does not fit never gets to the server.
    await expect(bundle.operation('price_of', { count: 2 })).rejects.toMatchObject({
      errorType: 'request.unprocessable',
    });
    expect(shop.calls).toEqual([
      { thing: 'cup', count: 2 },
      { thing: 'moon', count: 1 },
    ]);
  },
);

test('a session that the server has forgotten is opened anew, and the tool runs once', async ({ stand }) => {
  const shop = await stand.shop({ hasSessions: true, isJson: false });
  await stand.run(['bundle', 'new', 'shop', '--from-mcp', shop.url, '--authorization'], AUTHORIZATION);
  await using bundle = await openBundle(path.join(stand.folder, 'shop/bundle.ts'));
  bundle.platform.http = fetch;
  bundle.platform.secrets.set('authorization', AUTHORIZATION);
  const before = shop.opened;
  await bundle.operation('price_of', { thing: 'cup' });
  await bundle.operation('price_of', { thing: 'pot' });
  expect(shop.opened - before).toBe(1);
  await shop.restart();
  expect(await bundle.operation('price_of', { thing: 'jar' })).toEqual({ euros: 3 });
  expect(shop.opened - before).toBe(2);
  expect(shop.calls).toHaveLength(3);
});

test(
  'a bridge is right by its own test, and is written anew when the server has more',
  { timeout: PATIENCE_MS },
  async ({ stand }) => {
    const more: string[] = [];
    const shop = await stand.shop({ hasSessions: false, isJson: true }, more);
    const bridge = ['bundle', 'new', 'shop', '--from-mcp', shop.url, '--authorization'];
    await stand.run(bridge, AUTHORIZATION);
    const tested = await stand.run(['bundle', 'test', 'shop', '--json']);
    expect(tested, tested.stderr).toMatchObject({ code: 0 });
    more.push('price_of', '_close.up');
    const refreshed = await stand.run([...bridge, '--refresh', '--json'], AUTHORIZATION);
    expect(refreshed, refreshed.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(refreshed.stdout)).toMatchObject({
      files: ['server.ts'],
      tools: ['price_of', 'hours', 'price_of_2', 'close_up'],
    });
    await using bundle = await openBundle(path.join(stand.folder, 'shop/bundle.ts'));
    expect(Object.keys(bundle.manifest.operations)).toEqual(['price_of', 'hours', 'price_of_2', 'close_up']);
  },
);

test('what cannot be bridged is refused with a reason', async ({ stand }) => {
  const shop = await stand.shop({ hasSessions: true, isJson: false });
  const from = (url: string, ...more: string[]) =>
    stand.run(['bundle', 'new', 'shop', '--from-mcp', url, ...more]);
  expect(await from(shop.url)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('answered 401. It wants another authorization.'),
  });
  expect(await from('ftp://shop/')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is no address'),
  });
  const gone = await openShop({ hasSessions: false, isJson: true });
  await gone.close();
  expect(await from(gone.url)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('ECONNREFUSED'),
  });
  expect(await from(shop.url, '--refresh')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is no bundle that --from-mcp has written'),
  });
  expect(await from(shop.url, '--template', 'chat')).toMatchObject({ code: 2 });
  expect(await stand.run(['bundle', 'new', 'shop', '--refresh'])).toMatchObject({ code: 2 });
});
