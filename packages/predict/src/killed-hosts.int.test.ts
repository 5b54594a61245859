import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { KINDS, serveFolder, serveFixture } from '../test/serve-fixture.ts';
import type { Kind } from '../test/serve-fixture.ts';
import type { PredictServer } from './index.ts';

const LIMIT = { timeout: 120_000 };
const PATIENT = { timeout: 60_000, interval: 20 };
/** Bundled at the start of a runner, or the sources where that fails. */
const PROGRAMS = { ts: /program\/host\.mjs|runner\/host\/main\.ts/u, py: /coglet/u } as const;

interface View {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
}

interface Stand {
  open(server: Promise<PredictServer>): Promise<PredictServer>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const servers: PredictServer[] = [];
    await use({
      async open(opening) {
        const server = await opening;
        servers.push(server);
        return server;
      },
    });
    await Promise.all(servers.map((server) => server.close(0)));
  },
});

/** Hosts that this process has started and that live. */
async function hosts(kind: Kind): Promise<number[]> {
  const pids = (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');
  const lines = await Promise.all(
    pids.map(async (pid) => [pid, await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')] as const),
  );
  return lines.filter(([, line]) => PROGRAMS[kind].test(line)).map(([pid]) => Number(pid));
}

async function killOne(kind: Kind): Promise<void> {
  await expect.poll(async () => (await hosts(kind)).length, PATIENT).toBe(1);
  const [pid = 0] = await hosts(kind);
  process.kill(pid, 'SIGKILL');
  await expect.poll(async () => (await hosts(kind)).includes(pid), PATIENT).toBe(false);
}

const health = async ({ url }: PredictServer) =>
  (await (await fetch(`${url}/health-check`)).json()) as { status: string; setup: { logs: string } };
const ready = (server: PredictServer) =>
  expect.poll(async () => (await health(server)).status, PATIENT).toBe('READY');

async function post(server: PredictServer, target: string, body: object, isAsync = false): Promise<View> {
  const response = await fetch(server.url + target, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(isAsync ? { prefer: 'respond-async' } : {}) },
    body: JSON.stringify(body),
  });
  return (await response.json()) as View;
}

const view = async (server: PredictServer, id: string) =>
  (await (await fetch(`${server.url}/predictions/${id}`)).json()) as View;
const statusOf = (server: PredictServer, id: string) => async () => (await view(server, id)).status;

test.for(KINDS)('killed while idle, %s: the next prediction runs', LIMIT, async (kind, { stand }) => {
  const server = await stand.open(serveFixture(kind, 'control'));
  await ready(server);
  await killOne(kind);
  await ready(server);
  expect(await post(server, '/predictions', { input: { text: 'x' } })).toMatchObject({ output: 'x' });
});

test.for(KINDS)(
  'killed while busy, %s: its prediction fails with the cause',
  LIMIT,
  async (kind, { stand }) => {
    const server = await stand.open(serveFixture(kind, 'control'));
    await ready(server);
    await post(server, '/predictions', { id: 'busy', input: { action: 'sleep', ms: 60_000 } }, true);
    await expect.poll(statusOf(server, 'busy'), PATIENT).toBe('processing');
    await killOne(kind);
    await expect.poll(statusOf(server, 'busy'), PATIENT).toBe('failed');
    expect((await view(server, 'busy')).error).toMatch(/^the process of the predictor is gone: .*SIGKILL/u);
    await ready(server);
    expect(await post(server, '/predictions', { input: { text: 'x' } })).toMatchObject({ output: 'x' });
  },
);

test.for(KINDS)('killed while a cancel is not heard, %s: it ends once', LIMIT, async (kind, { stand }) => {
  const server = await stand.open(serveFixture(kind, 'control', { cancelMs: 60_000 }));
  await ready(server);
  await post(server, '/predictions', { id: 'deaf', input: { action: 'deaf', ms: 60_000 } }, true);
  await expect.poll(statusOf(server, 'deaf'), PATIENT).toBe('processing');
  expect((await fetch(`${server.url}/predictions/deaf/cancel`, { method: 'POST' })).status).toBe(200);
  await killOne(kind);
  await expect.poll(statusOf(server, 'deaf'), PATIENT).toMatch(/^(canceled|failed)$/u);
  const first = await view(server, 'deaf');
  await ready(server);
  expect(await post(server, '/predictions', { input: { text: 'x' } })).toMatchObject({ output: 'x' });
  expect(await view(server, 'deaf')).toEqual(first);
});

test.for(KINDS)('killed in setup, %s: setup has failed, with the cause', LIMIT, async (kind, { stand }) => {
  const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-setup-'));
  const code = {
    py: 'import time\nclass Predictor:\n    def setup(self):\n        print("begun")\n        time.sleep(600)\n    def predict(self) -> str:\n        return ""\n',
    ts: `import { predictor, z } from '@switchyard/bundle-sdk';
export default predictor({
  input: z.object({}), output: z.string(), predict: () => '',
  setup: () => { console.log('begun'); return new Promise((resolve) => setTimeout(resolve, 600_000)); },
});
`,
  };
  await writeFile(path.join(dir, `predict.${kind}`), code[kind]);
  const server = await stand.open(serveFolder(dir));
  await expect.poll(async () => (await health(server)).setup.logs, PATIENT).toContain('begun');
  expect((await health(server)).status).toBe('STARTING');
  await killOne(kind);
  await expect.poll(async () => (await health(server)).status, PATIENT).toBe('SETUP_FAILED');
  expect((await health(server)).setup.logs).toContain('SIGKILL');
  expect(await post(server, '/predictions', { input: {} })).toMatchObject({
    error: 'runner not ready: SETUP_FAILED',
  });
  await rm(dir, { recursive: true });
});
