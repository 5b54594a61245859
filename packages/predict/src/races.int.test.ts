import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readResidentBytes } from '@switchyard/runner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBench } from '../test/conformance/bench.ts';
import type { Bench } from '../test/conformance/bench.ts';
import { KINDS, serveFixture } from '../test/serve-fixture.ts';
import type { PredictServer } from './index.ts';

/** Small where every test runs; by hand with `PREDICT_RUNS=1000`. */
const RUNS = Number(process.env['PREDICT_RUNS'] ?? 40);
/** 320 predictions where every test runs; 10,000: `PREDICT_RUNS=1250 ./dev test integration races -t 'many predictions'`. */
const LEAK_FACTOR = 8;
const LIMIT = { timeout: 60_000 + RUNS * 600 };
const TERMINAL = new Set(['succeeded', 'failed', 'canceled']);

interface View {
  readonly id: string;
  readonly status: string;
  readonly logs: string;
  readonly output: unknown;
}

const KEPT = 20;
/** Whatever the number of predictions: one that left a kibibyte behind would be seen among 10,000. */
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;
/** Of a host resident memory is all that is seen from outside, with what its collector has not given back: 33 MiB after 10,000 in TypeScript. */
const MAX_HOST_GROWTH_MIB = 96;

/** Processes that this one has started and that live. */
const children = async () =>
  (await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')).trim().split(' ');

const MIB = 1024 * 1024;

/** What is held before and after: by this process, which is the server, and by its hosts. */
async function figures(descriptors: number, processes: readonly string[]) {
  const heapMib = Math.round((await heapBytes()) / MIB);
  const hosts = await Promise.all(processes.map((pid) => readResidentBytes(Number(pid))));
  return {
    rssMib: Math.round(process.memoryUsage().rss / MIB),
    heapMib,
    hostsMib: hosts.map((bytes) => Math.round((bytes ?? 0) / MIB)),
    descriptors,
    processes: processes.length,
  };
}

/** What is left after collections; what finalizers let go is taken by the next one. */
async function heapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 4; round += 1) {
    collect();
    await turnOfTheLoop();
  }
  return process.memoryUsage().heapUsed;
}

let bench: Bench;
const shared = process.env['TMPDIR'];
let ownTmp = '';
beforeAll(async () => {
  // A place of its own: what is left behind is counted there, and others make such folders at the same time.
  ownTmp = await mkdtemp(path.join(tmpdir(), 'switchyard-races-'));
  process.env['TMPDIR'] = ownTmp;
  bench = await openBench();
});
afterAll(async () => {
  await bench.close();
  if (shared === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = shared;
  await rm(ownTmp, { recursive: true, force: true });
});

const send = (server: PredictServer, target: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + target, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

async function ready(server: PredictServer): Promise<void> {
  const status = async () =>
    ((await (await send(server, '/health-check')).json()) as { status: string }).status;
  await expect.poll(status, { timeout: 30_000 }).toBe('READY');
}

async function ended(server: PredictServer, id: string): Promise<View> {
  let view: View | undefined;
  const look = async () => {
    view = (await (await send(server, `/predictions/${id}`)).json()) as View;
    return TERMINAL.has(view.status);
  };
  await expect.poll(look, { timeout: 30_000, interval: 5 }).toBe(true);
  return view as View;
}

/** Eight at a time, each next one when one ends. */
async function inTurn(count: number, work: (run: number) => Promise<void>): Promise<void> {
  let next = 0;
  const slot = async () => {
    for (let run = next++; run < count; run = next++) await work(run);
  };
  await Promise.all(Array.from({ length: 8 }, slot));
}

describe.for(KINDS)('written in %s', (kind) => {
  test('files of outputs are gone when they were taken, while the process goes on', LIMIT, async () => {
    const server = await serveFixture(kind, 'files', { maxConcurrency: 8 });
    await ready(server);
    const source = 'data:text/plain;base64,aGVsbG8=';
    for (let run = 0; run < 3; run += 1) {
      await send(server, '/predictions', { id: `file-${run}`, input: { source, copies: 3 } });
      const { output } = await ended(server, `file-${run}`);
      expect(output).toMatchObject({ more: [source, source, source] });
    }
    const left = await readdir(ownTmp, { recursive: true });
    expect(left.filter((name) => /(copy-\d|upper)\.txt$/u.test(name))).toEqual([]);
    await server.close(0);
  });

  test('the end is delivered exactly once, with output in flight', LIMIT, async () => {
    const server = await serveFixture(kind, 'overlap', { maxConcurrency: 8, webhookEveryMs: 5 });
    await ready(server);
    const key = (run: number) => `race-${kind}-${run}`;
    await inTurn(RUNS, async (run) => {
      const webhook = `${bench.places['webhooks']}/${key(run)}`;
      const body = { id: key(run), webhook, queue: true, input: { name: 'a', n: 4, wait_ms: run % 7 } };
      const view = (await (await send(server, '/predictions', body)).json()) as View;
      expect(view).toMatchObject({ status: 'succeeded', logs: 'a 0\na 1\na 2\na 3\n' });
    });
    // All deliveries are over when the server is.
    await server.close(10_000);
    for (let run = 0; run < RUNS; run += 1) {
      const statuses = (bench.deliveries.get(key(run)) ?? []).map(({ body }) => String(body['status']));
      expect(statuses.filter((status) => TERMINAL.has(status))).toEqual(['succeeded']);
      expect(statuses.at(-1)).toBe('succeeded');
    }
  });

  test('the last line of the log is always there', LIMIT, async () => {
    const server = await serveFixture(kind, 'control');
    await ready(server);
    for (let run = 0; run < RUNS; run += 1) {
      const body = { input: { action: 'return', text: String(run) } };
      const view = (await (await send(server, '/predictions', body)).json()) as View;
      expect(view).toMatchObject({
        status: 'succeeded',
        output: String(run),
        logs: 'begin return\na\nb\nc\n',
      });
      // As much as a pipe holds: the result could well be read before it.
      const much = { input: { action: 'much', ms: 380 } };
      const { logs } = (await (await send(server, '/predictions', much)).json()) as View;
      expect(logs.trimEnd().split('\n').at(-1)).toBe(`379 ${'x'.repeat(150)}`);
    }
    await server.close();
  });

  test('cancel at any moment gives one end, and the next prediction runs', LIMIT, async () => {
    const server = await serveFixture(kind, 'control');
    await ready(server);
    const outcomes = new Map<string, number>();
    for (let run = 0; run < RUNS; run += 1) {
      const id = `moment-${run}`;
      // Before its code, in it, around its last line.
      // One in twelve is surely still running, and one surely over.
      const ms = run % 12 === 11 ? 2000 : run % 12;
      const body = { id, queue: true, input: { action: 'sleep', ms } };
      expect((await send(server, '/predictions', body, { prefer: 'respond-async' })).status).toBe(202);
      if (run % 3 === 1) await send(server, `/predictions/${id}`);
      if (run % 3 === 2)
        await Promise.all(Array.from({ length: run % 9 }, () => send(server, '/health-check')));
      if (run % 12 === 0) await ended(server, id);
      const { status } = await send(server, `/predictions/${id}/cancel`, {});
      const view = await ended(server, id);
      expect(status === 404 ? ['succeeded'] : ['succeeded', 'canceled']).toContain(view.status);
      outcomes.set(view.status, (outcomes.get(view.status) ?? 0) + 1);
      const after = (await (
        await send(server, '/predictions', { queue: true, input: { text: id } })
      ).json()) as View;
      expect(after).toMatchObject({ status: 'succeeded', output: id, logs: 'begin nothing\n' });
    }
    // Both really happened.
    expect([...outcomes.keys()].toSorted()).toEqual(['canceled', 'succeeded']);
    await server.close();
  });

  test('many predictions leave no process, file, folder, descriptor or memory behind', LIMIT, async () => {
    const folders = async () =>
      (await readdir(tmpdir())).filter((name) => name.startsWith('switchyard-predict-'));
    const before = new Set(await folders());
    // What is kept for whoever asks later is at its bound before anything is measured.
    const server = await serveFixture(kind, 'files', { maxConcurrency: 8, maxKept: KEPT });
    await ready(server);
    const body = { queue: true, input: { source: 'data:text/plain,hello', copies: 1 } };
    const predict = async () => {
      expect(await (await send(server, '/predictions', body)).json()).toMatchObject({ status: 'succeeded' });
    };
    const descriptors = async () => (await readdir('/proc/self/fd')).length;
    await inTurn(2 * KEPT, predict);
    const warm = await descriptors();
    const processes = await children();
    const heap = await heapBytes();
    const begin = await figures(warm, processes);
    await inTurn(RUNS * LEAK_FACTOR, predict);
    const end = await figures(await descriptors(), await children());
    // By hand, for whoever writes figures down.
    if (process.env['PREDICT_RUNS'] !== undefined)
      process.stdout.write(`${kind} ${RUNS * LEAK_FACTOR}: ${JSON.stringify({ begin, end })}\n`);
    const grown = end.hostsMib.map((mib, at) => mib - (begin.hostsMib[at] ?? 0));
    expect(Math.max(...grown)).toBeLessThan(MAX_HOST_GROWTH_MIB);
    // Connections of the eight who ask come and go; a leak would be one for each of the predictions.
    expect((await descriptors()) - warm).toBeLessThan(20);
    expect(await children()).toEqual(processes);
    expect((await heapBytes()) - heap).toBeLessThan(MAX_GROWTH_BYTES);
    const own = (await folders()).filter((name) => !before.has(name));
    const left = await Promise.all(
      own.map((name) => readdir(path.join(tmpdir(), name), { recursive: true })),
    );
    expect(left.flat().filter((name) => /request-|response-|inputs-|cancel-/u.test(name))).toEqual([]);
    await server.close();
    expect((await folders()).filter((name) => own.includes(name))).toEqual([]);
  });

  test('a client that goes away takes its prediction with it', LIMIT, async () => {
    const server = await serveFixture(kind, 'control');
    await ready(server);
    const leaving = new AbortController();
    const body = JSON.stringify({ id: 'left', input: { action: 'sleep', ms: 60_000 } });
    const headers = { 'content-type': 'application/json' };
    const asked = fetch(`${server.url}/predictions`, {
      method: 'POST',
      body,
      headers,
      signal: leaving.signal,
    });
    const status = async () => ((await (await send(server, '/predictions/left')).json()) as View).status;
    await expect.poll(status, { timeout: 20_000 }).toBe('processing');
    leaving.abort();
    await expect(asked).rejects.toThrow(/abort/u);
    expect((await ended(server, 'left')).status).toBe('canceled');
    await server.close();
  });
});

test(
  'the Python host alone: half of a request is waited for, an old broken one is removed, stop is code 0',
  LIMIT,
  async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-coglet-'));
    const at = (name: string) => path.join(dir, name);
    const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const child = spawn(
      'python3',
      ['-u', '-m', 'coglet', '--name', 'n', '--ipc-url', 'http://127.0.0.1:1/none', '--working-dir', dir],
      {
        cwd: here('../test/predictors/py/control'),
        env: { ...process.env, PYTHONPATH: here('../python'), PYTHONDONTWRITEBYTECODE: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    child.stdout.resume();
    child.stderr.resume();
    const exited = once(child, 'exit');
    // Late, and renamed: the host waits for it.
    await writeFile(at('.config'), JSON.stringify({ module_name: 'predict', max_concurrency: 1 }));
    await rename(at('.config'), at('config.json'));
    const has = (name: string) => async () => (await readdir(dir)).includes(name);
    const patient = { timeout: 20_000, interval: 5 };
    await expect.poll(has('ready'), patient).toBe(true);
    expect(await readdir(dir)).not.toContain('config.json');
    const whole = JSON.stringify({ id: 'half', input: { text: 'whole' } });
    await writeFile(at('request-half.json'), whole.slice(0, 20));
    await appendFile(at('request-half.json'), whole.slice(20));
    await expect.poll(has('response-half-00000.json'), patient).toBe(true);
    expect(JSON.parse(await readFile(at('response-half-00000.json'), 'utf8'))).toMatchObject({
      status: 'succeeded',
      output: 'whole',
    });
    await writeFile(at('request-broken.json'), '{"id":');
    await expect.poll(has('request-broken.json'), patient).toBe(false);
    // Whole, and still nothing that can be read: somebody waits for its end, and the next one is heard.
    await writeFile(at('.deep'), `{"id": "deep", "input": ${'['.repeat(5000)}${']'.repeat(5000)}}`);
    await rename(at('.deep'), at('request-deep.json'));
    await expect.poll(has('response-deep-00000.json'), patient).toBe(true);
    expect(JSON.parse(await readFile(at('response-deep-00000.json'), 'utf8'))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('the request cannot be read: '),
    });
    // Others ask for all so far, in a file for each output.
    await writeFile(at('.hook'), JSON.stringify({ id: 'hook', webhook: 'http://x/', input: { text: 't' } }));
    await rename(at('.hook'), at('request-hook.json'));
    await expect.poll(has('response-hook-00001.json'), patient).toBe(true);
    expect(JSON.parse(await readFile(at('response-hook-00000.json'), 'utf8'))).toEqual({
      status: 'starting',
    });
    await writeFile(at('stop'), '');
    expect((await exited)[0]).toBe(0);
    await rm(dir, { recursive: true });
  },
);
