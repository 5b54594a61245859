import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, framesOf, json, viewsAt } from '../../test/ask-predictions.ts';
import type { View } from '../../test/ask-predictions.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../../test/bundles/oracle');
const MAIN = path.join(import.meta.dirname, '../main.ts');
const LIMIT = { timeout: 120_000 };
const SECRET = 'a-secret-of-the-caller';
const PREDICTIONS = '/oracle/predictions';
const { view, ended } = viewsAt(PREDICTIONS);

async function openTwo(
  rig: ProcRig,
  at: { tenant: string; project: string },
  settings?: Record<string, string>,
) {
  await rig.ship(ACTOR_DIR);
  await rig.ship(ORACLE_DIR);
  const token = await rig.token('registered');
  const [one, two] = [await rig.start(settings), await rig.start(settings)];
  return { one: askAt(one.port, token, at), two: askAt(two.port, token, at), port: one.port };
}

test(
  'a caller who waits gets the end, which every worker knows; others see nothing of it',
  LIMIT,
  async ({ rig, redis }) => {
    const { one, two, port } = await openTwo(rig, redis);
    const body = { id: 'first', input: { text: 'a', key: SECRET } };
    const answer = await one(PREDICTIONS, { body });
    expect(answer.status).toBe(200);
    const made = await json(answer);
    expect(made).toMatchObject({
      id: 'first',
      status: 'succeeded',
      input: { text: 'a', key: '**********' },
      output: ['a0 ', 'a1 '],
      logs: 'begin a **********\nend\n',
      metrics: { steps: 2 },
    });
    expect(await view(two, 'first')).toEqual(made);
    expect(await json(await two(`${PREDICTIONS}/first`, { method: 'PUT', body: { input: {} } }))).toEqual(
      made,
    );
    const list = (await (await two(PREDICTIONS)).json()) as { predictions: View[] };
    expect(list.predictions.map(({ id }) => id)).toEqual(['first']);

    const admin = await rig.token('privileged');
    const other = askAt(port, admin, redis);
    expect((await other(`${PREDICTIONS}/first`)).status).toBe(404);
    const shown = await (
      await fetch(`http://127.0.0.1:${port}/admin/integrations/bundles/oracle/predictions`, {
        headers: { authorization: `Bearer ${admin}` },
      })
    ).text();
    expect(JSON.parse(shown)).toMatchObject({ predictions: [{ id: 'first', user_id: 'registered-user' }] });
    expect(shown).not.toContain('a0 ');

    expect((await askAt(port, undefined, redis)(PREDICTIONS, { body })).status).toBe(401);
    expect((await one('/nobody/predictions', { body: { input: {} } })).status).toBeGreaterThanOrEqual(404);
    expect((await one('/actor/predictions', { body: { input: {} } })).status).toBe(404);
    const wrong = await one(PREDICTIONS, { body: { input: 3 } });
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { error: 'input is not an object' }]);
  },
);

test(
  'asynchronous: answered at once, run by a worker, followed and resumed on any, its end delivered once',
  LIMIT,
  async ({ rig, redis }) => {
    const heard: View[] = [];
    const receiver = createServer((req, res) => {
      void text(req).then((body) => {
        heard.push(JSON.parse(body) as View);
        res.end();
      });
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    const { one, two } = await openTwo(rig, redis, { httpPrivateHosts: `localhost:${port}` });
    const webhook = `http://localhost:${port}/hook`;
    const body = { id: 'later', webhook, input: { text: 'b', n: 4, wait_ms: 300, key: SECRET } };
    const accepted = await one(PREDICTIONS, { body, headers: ASYNC });
    expect(accepted.status).toBe(202);
    expect(await accepted.json()).toMatchObject({ id: 'later', status: 'starting' });
    const sse = { headers: { accept: 'text/event-stream' } };
    const [first, second] = await Promise.all(
      [one, two].map(async (ask) => (await ask(`${PREDICTIONS}/later`, sse)).text()),
    );
    expect(framesOf(first ?? '')).toEqual(framesOf(second ?? ''));
    const frames = framesOf(first ?? '');
    expect(frames.map(({ id }) => id)).toEqual(frames.map((_, at) => at + 1));
    expect(frames.filter(({ event }) => event === 'output').map(({ data }) => data['output'])).toEqual([
      'b0 ',
      'b1 ',
      'b2 ',
      'b3 ',
    ]);
    expect(frames.at(-1)).toMatchObject({
      event: 'completed',
      data: { status: 'succeeded', logs: 'begin b **********\nend\n' },
    });
    const rest = await (
      await two(`${PREDICTIONS}/later`, { headers: { ...sse.headers, 'last-event-id': '3' } })
    ).text();
    expect(framesOf(rest)).toEqual(frames.slice(3));
    await vi.waitFor(() => expect(heard.at(-1)?.status).toBe('succeeded'), PATIENT);
    expect(heard.filter(({ status }) => status === 'succeeded')).toHaveLength(1);
    expect(JSON.stringify(heard)).not.toContain(SECRET);
    receiver.closeAllConnections();
    receiver.close();
  },
);

test(
  'a webhook to an address that is not public is not sent, and holds up nothing',
  LIMIT,
  async ({ rig, redis }) => {
    let asked = 0;
    const hidden = createServer((_req, res) => {
      asked += 1;
      res.end();
    });
    await new Promise<void>((resolve) => void hidden.listen(0, '127.0.0.1', resolve));
    const { one } = await openTwo(rig, redis);
    const webhook = `http://127.0.0.1:${(hidden.address() as AddressInfo).port}/`;
    expect(await json(await one(PREDICTIONS, { body: { webhook, input: {} } }))).toMatchObject({
      status: 'succeeded',
    });
    const rows = async () =>
      await rig.sql<{ status: string }>("select status from background_job where kind = 'webhook'");
    await vi.waitFor(async () => expect(await rows()).toEqual([{ status: 'dead' }]), PATIENT);
    expect(asked).toBe(0);
    hidden.close();
  },
);

test(
  'sent ten times at once to two workers it runs once; a failure and a dead host are told',
  LIMIT,
  async ({ rig, redis }) => {
    const { one, two } = await openTwo(rig, redis);
    const body = { input: { wait_ms: 500 } };
    const asked = Array.from({ length: 10 }, (_, at) =>
      (at % 2 === 0 ? one : two)(`${PREDICTIONS}/ten`, { method: 'PUT', body, headers: ASYNC }),
    );
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(10).fill(202));
    expect(await ended(two, 'ten')).toMatchObject({ status: 'succeeded', logs: 'begin x \nend\n' });
    const waiting = Array.from({ length: 6 }, (_, at) =>
      (at % 2 === 0 ? one : two)(`${PREDICTIONS}/six`, { method: 'PUT', body }),
    );
    const answers = await Promise.all(waiting);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await ended(one, 'six')).logs).toBe('begin x \nend\n');
    expect(await json(await one(PREDICTIONS, { body: { input: { end: 'fail' } } }))).toMatchObject({
      status: 'failed',
      error: 'no answer for x',
    });
    expect(await json(await one(PREDICTIONS, { body: { input: { end: 'die' } } }))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('the process of the predictor is gone'),
    });
  },
);

test('canceled from another worker while it runs, and while it waits', LIMIT, async ({ rig, redis }) => {
  const { one, two } = await openTwo(rig, redis, { predictionSlots: '1' });
  const long = { input: { n: 1000, wait_ms: 100 } };
  for (const id of ['r1', 'r2', 'waits']) await one(PREDICTIONS, { body: { id, ...long }, headers: ASYNC });
  for (const id of ['r1', 'r2'])
    await vi.waitFor(async () => expect((await view(one, id)).status).toBe('processing'), PATIENT);
  expect((await view(one, 'waits')).status).toBe('starting');
  for (const id of ['waits', 'r1', 'r2'])
    expect((await two(`${PREDICTIONS}/${id}/cancel`, { method: 'POST' })).status).toBe(200);
  expect(await ended(two, 'waits')).toMatchObject({ status: 'canceled', logs: '' });
  for (const id of ['r1', 'r2']) expect((await ended(two, id)).status).toBe('canceled');
  expect((await two(`${PREDICTIONS}/r1/cancel`, { method: 'POST' })).status).toBe(404);
  const stream = await (
    await two(`${PREDICTIONS}/waits`, { headers: { accept: 'text/event-stream' } })
  ).text();
  expect(framesOf(stream).at(-1)).toMatchObject({ event: 'completed', data: { status: 'canceled' } });
});

test(
  'a worker that dies: what it ran has failed, what waited is run by another',
  LIMIT,
  async ({ rig, redis, postgres }) => {
    await rig.ship(ACTOR_DIR);
    await rig.ship(ORACLE_DIR);
    const token = await rig.token('registered');
    const short = { PREDICTION_LEASE: '2s', PREDICTION_SLOTS: '1', JOB_LEASE: '2s', JOB_RECONCILE: '1s' };
    const child = fork(MAIN, [], {
      env: {
        ...rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }),
        ...short,
        RUNNER_SANDBOX: 'permission',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    try {
      await vi.waitFor(() => expect(said).toContain('"msg":"worker started"'), PATIENT);
      const port = Number(/"port":(\d+)[^\n]*"msg":"worker started"/u.exec(said)?.[1]);
      const dying = askAt(port, token, redis);
      await dying(PREDICTIONS, { body: { id: 'lost', input: { n: 1000, wait_ms: 100 } }, headers: ASYNC });
      await vi.waitFor(async () => expect((await view(dying, 'lost')).status).toBe('processing'), PATIENT);
      await dying(PREDICTIONS, { body: { id: 'kept', input: { text: 'k' } }, headers: ASYNC });
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    } finally {
      child.kill('SIGKILL');
    }
    const { port } = await rig.start({ predictionLease: '2s', jobLease: '2s', jobReconcile: '1s' });
    const ask = askAt(port, token, redis);
    expect(await ended(ask, 'lost')).toMatchObject({
      status: 'failed',
      error: 'the worker that ran it died',
    });
    expect(await ended(ask, 'kept')).toMatchObject({ status: 'succeeded', output: ['k0 ', 'k1 '] });
  },
);
