import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { PredictServer } from '../index.ts';
import { makeTar } from '../../test/make-tar.ts';
import { serveProcedures } from '../../test/serve-fixture.ts';

const LIMIT = { timeout: 120_000 };
const TOKEN = 'token-that-nobody-may-read';

interface View {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
}

/** Sources as archives over HTTP, and how often each was asked for. */
const asked = new Map<string, number>();
const archives = new Map<string, Buffer>();
const shop = createServer((req, res) => {
  const name = (req.url ?? '/').slice(1);
  asked.set(name, (asked.get(name) ?? 0) + 1);
  const archive = archives.get(name);
  res.writeHead(archive === undefined ? 404 : 200).end(archive);
});
const shared = process.env['TMPDIR'];
let ownTmp = '';
let shopUrl = '';
beforeAll(async () => {
  ownTmp = await mkdtemp(path.join(tmpdir(), 'switchyard-procedures-'));
  process.env['TMPDIR'] = ownTmp;
  await new Promise<void>((resolve) => void shop.listen(0, '127.0.0.1', resolve));
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
});
afterAll(async () => {
  shop.closeAllConnections();
  shop.close();
  if (shared === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = shared;
  await rm(ownTmp, { recursive: true, force: true });
});

const opened: PredictServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close(0)));
});

async function serve(config: Parameters<typeof serveProcedures>[0]): Promise<PredictServer> {
  const server = await serveProcedures(config);
  opened.push(server);
  return server;
}

/** A procedure that says its name, its process, and what it found in its folder. */
async function offer(name: string, code?: string): Promise<string> {
  const content =
    code ??
    `import os
def predict(text: str = "") -> str:
    before = os.path.exists("left")
    open("left", "w").close()
    return f"${name} {os.getpid()} {before} {text}"
`;
  archives.set(name, await makeTar([{ path: `${name}/predict.py`, content }]));
  return `${shopUrl}/${name}`;
}

async function call(server: PredictServer, url: string, body: object = {}): Promise<View> {
  const response = await send(server, url, body);
  expect(response.status).toBe(200);
  return (await response.json()) as View;
}

function send(server: PredictServer, url: string, body: object, headers: Record<string, string> = {}) {
  return fetch(`${server.url}/procedures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      input: {},
      ...body,
      context: { procedure_source_url: url, replicate_api_token: TOKEN },
    }),
  });
}

/** Processes that this one has started and that run Python. */
async function pythons(): Promise<number> {
  const pids = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes('coglet')).length;
}

test('an archive is fetched once, its host is kept, each host has a folder of its own', LIMIT, async () => {
  const url = await offer('kept');
  const server = await serve({ maxRunners: 2 });
  const first = await call(server, url, { input: { text: 'a' } });
  expect(first).toMatchObject({ status: 'succeeded', output: expect.stringMatching(/^kept \d+ False a$/u) });
  const second = await call(server, url, { input: { text: 'b' } });
  expect(second.output).toBe(String(first.output).replace('False a', 'True b'));
  // Two at once need two processes; the other one has seen nothing of the first.
  const both = await Promise.all([1, 2].map(() => call(server, url, { queue: true })));
  expect(new Set(both.map(({ output }) => String(output).split(' ')[1])).size).toBeLessThanOrEqual(2);
  expect(asked.get('kept')).toBe(1);
  await server.close();
  expect(await pythons()).toBe(0);
  expect(await readdir(ownTmp)).toEqual([]);
});

test('two first calls of a broken source fail by one fetch, the next call tries again', LIMIT, async () => {
  const server = await serve({ maxRunners: 2 });
  const url = `${shopUrl}/late`;
  const fine = await offer('fine');
  const [one, other, beside] = await Promise.all([call(server, url), call(server, url), call(server, fine)]);
  for (const view of [one, other])
    expect(view).toMatchObject({
      status: 'failed',
      error: `the source ${url} cannot be used: it cannot be fetched: the answer is 404`,
    });
  expect(beside).toMatchObject({ status: 'succeeded' });
  expect(asked.get('late')).toBe(1);
  await offer('late');
  expect(await call(server, url)).toMatchObject({ status: 'succeeded' });
  expect(asked.get('late')).toBe(2);
  await server.close();
});

test('eviction under load: never more processes than runners, every call is answered', LIMIT, async () => {
  const urls = await Promise.all(['e1', 'e2', 'e3', 'e4'].map((name) => offer(name)));
  const server = await serve({ maxRunners: 2, maxConcurrency: 4 });
  let most = 0;
  const watch = setInterval(() => void pythons().then((count) => (most = Math.max(most, count))), 10);
  const calls = Array.from({ length: 12 }, (_, at) => urls[at % urls.length] ?? '');
  const views = await Promise.all(calls.map((url) => call(server, url, { queue: true })));
  clearInterval(watch);
  for (const [at, view] of views.entries())
    expect(view, JSON.stringify(view)).toMatchObject({
      status: 'succeeded',
      output: expect.stringMatching(new RegExp(`^e${(at % 4) + 1} `, 'u')),
    });
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2);
  await server.close();
  expect(await readdir(ownTmp)).toEqual([]);
});

test(
  'where every runner is busy the next call is refused, and canceling in the cold start frees one',
  LIMIT,
  async () => {
    const slow = await offer(
      'slow',
      `import time
def predict() -> str:
    return "never"
time.sleep(600)
`,
    );
    const fine = await offer('after');
    const server = await serve({ maxRunners: 1 });
    const started = await send(server, slow, { id: 'cold' }, { prefer: 'respond-async' });
    expect(started.status).toBe(202);
    const refused = await send(server, fine, {});
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { error: 'already running a prediction' },
    ]);
    // In the middle of its start, not before it.
    await expect.poll(pythons, { timeout: 20_000 }).toBe(1);
    const waiting = call(server, fine, { queue: true });
    expect((await fetch(`${server.url}/procedures/cold/cancel`, { method: 'POST' })).status).toBe(200);
    expect(await waiting).toMatchObject({ status: 'succeeded' });
    const cold = (await (await fetch(`${server.url}/procedures/cold`)).json()) as View;
    expect(cold).toMatchObject({ status: 'canceled', output: null });
    expect(await pythons()).toBe(1);
    await server.close();
  },
);

test('one-shot: each call has a process of its own that ends after it', LIMIT, async () => {
  const url = await offer('once');
  const server = await serve({ maxRunners: 2, isOneShot: true });
  const outputs = [await call(server, url), await call(server, url)].map(({ output }) => String(output));
  expect(outputs.map((output) => output.split(' ')[2])).toEqual(['False', 'False']);
  expect(new Set(outputs.map((output) => output.split(' ')[1])).size).toBe(2);
  await expect.poll(pythons, { timeout: 20_000 }).toBe(0);
  await server.close();
});

test(
  'the process of a procedure that dies fails its call with the cause, the next one has another',
  LIMIT,
  async () => {
    const url = await offer(
      'dying',
      `import os
def predict(die: bool = False) -> str:
    if die:
        os.kill(os.getpid(), 9)
    return "alive"
`,
    );
    const server = await serve({ maxRunners: 1 });
    expect(await call(server, url)).toMatchObject({ output: 'alive' });
    expect(await call(server, url, { input: { die: true } })).toMatchObject({
      status: 'failed',
      error: 'the process of the predictor is gone: it was ended by SIGKILL',
    });
    expect(await call(server, url)).toMatchObject({ output: 'alive' });
    await server.close();
  },
);

test('the token of a caller is in no log and no error', LIMIT, async () => {
  const url = await offer(
    'teller',
    `from cog import current_scope
def predict(fail: bool = False) -> str:
    token = current_scope().context["replicate_api_token"]
    print(f"the token is {token}")
    if fail:
        raise ValueError(f"refused {token}")
    return str(len(token))
`,
  );
  const server = await serve({});
  expect(await call(server, url)).toMatchObject({
    output: String(TOKEN.length),
    logs: 'the token is **********\n',
  });
  const failed = await call(server, url, { input: { fail: true } });
  expect(failed).toMatchObject({ status: 'failed', error: 'refused **********' });
  expect(JSON.stringify(failed)).not.toContain(TOKEN);
  const hidden = await call(server, `${shopUrl}/gone?signature=very-secret`);
  expect(hidden.error).toBe(
    `the source ${shopUrl}/gone cannot be used: it cannot be fetched: the answer is 404`,
  );
  await server.close();
});
