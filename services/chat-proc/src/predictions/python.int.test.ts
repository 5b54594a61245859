import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { makeTar } from '@switchyard/registry/testing';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, framesOf, json, viewsAt } from '../../test/ask-predictions.ts';
import type { Ask } from '../../test/ask-predictions.ts';
import { pidsOf } from '../../test/host-pids.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const LIMIT = { timeout: 180_000 };
const SHIPPED = path.join(import.meta.dirname, '../../../../bundles/predictor-py');
const PREDICTIONS = '/sibyl/predictions';
const { view, ended } = viewsAt(PREDICTIONS);
const UPPERCASE = 'data:text/plain;base64,';

const code = (name: string, setup = 'pass'): string => `
import time
from typing import Optional
from cog import BasePredictor, ConcatenateIterator, Input, Path, Secret


class Predictor(BasePredictor):
    def setup(self) -> None:
        print("${name} is set up")
        ${setup}

    def predict(
        self,
        text: str = "x",
        n: int = Input(default=1, ge=1),
        wait_ms: int = 0,
        source: Optional[Path] = None,
        key: Optional[Secret] = None,
    ) -> ConcatenateIterator[str]:
        print(f"begin {key.get_secret_value() if key else ''}")
        for step in range(n):
            yield f"${name} {source.read_text() if source else text}{step} "
            time.sleep(wait_ms / 1000)
        print("end")
`;

/** Registers a version in Python, as an administrator does. */
async function upload(port: number, rig: ProcRig, files: Record<string, string>, id = 'sibyl') {
  const packed = await makeTar(Object.entries(files).map(([name, content]) => ({ path: name, content })));
  const response = await fetch(`http://127.0.0.1:${port}/admin/integrations/bundles/upload?id=${id}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await rig.token('privileged')}`, 'content-type': 'application/gzip' },
    body: new Uint8Array(packed),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function openWorkers(rig: ProcRig, at: { tenant: string; project: string }, count: number) {
  await rig.ship(ACTOR_DIR);
  const token = await rig.token('registered');
  const workers: { port: number; ask: Ask }[] = [];
  for (let made = 0; made < count; made += 1) {
    const { port } = await rig.start({ predictionLease: '2s' });
    workers.push({ port, ask: askAt(port, token, at) });
  }
  return workers;
}

const outputOf = async (ask: Ask, input: object) =>
  (await json(await ask(PREDICTIONS, { body: { input } }))).output;

test(
  'a predictor in Python is a bundle like any other: inspected, warmed, called, switched, rolled back',
  LIMIT,
  async ({ rig, redis }) => {
    const [worker] = await openWorkers(rig, redis, 1);
    if (worker === undefined) throw new Error('no worker');
    const { ask, port } = worker;
    const first = await upload(port, rig, { 'predict.py': code('one') });
    expect(first).toMatchObject({ status: 200, body: { status: 'ok', bundle_id: 'sibyl' } });
    const made = await json(
      await ask(PREDICTIONS, {
        body: { input: { n: 2, key: 'hush', source: `${UPPERCASE}${btoa('of a file ')}` } },
      }),
    );
    expect(made).toMatchObject({
      status: 'succeeded',
      input: { key: '**********' },
      output: ['one of a file 0 ', 'one of a file 1 '],
      logs: 'begin **********\nend\n',
    });
    expect(await json(await ask(PREDICTIONS, { body: { input: { n: 0 } } }))).toMatchObject({
      status: 'failed',
      error: 'invalid input value: n=0 fails constraint >= 1.0',
    });

    const broken = await upload(port, rig, {
      'predict.py': code('two', 'raise RuntimeError("no weights today")'),
    });
    expect(broken.status).toBe(422);
    expect(JSON.stringify(broken.body)).toContain('no weights today');
    const unreadable = await upload(port, rig, { 'predict.py': 'import nothing_of_the_kind\n' });
    expect(unreadable.status).toBe(422);
    expect(JSON.stringify(unreadable.body)).toContain('nothing_of_the_kind');
    expect(await outputOf(ask, {})).toEqual(['one x0 ']);

    // What runs ends on its version, what comes has the new one.
    await ask(PREDICTIONS, { body: { id: 'long', input: { n: 4, wait_ms: 300 } }, headers: ASYNC });
    await vi.waitFor(async () => expect((await view(ask, 'long')).output).not.toBeNull(), PATIENT);
    const third = await upload(port, rig, { 'predict.py': code('three') });
    expect(third.status).toBe(200);
    expect(await outputOf(ask, {})).toEqual(['three x0 ']);
    expect((await ended(ask, 'long')).output).toEqual(['one x0 ', 'one x1 ', 'one x2 ', 'one x3 ']);
    await vi.waitFor(
      async () =>
        expect(await pidsOf('coglet', path.dirname(rig.bundlesDir), String(first.body['version']))).toEqual(
          [],
        ),
      PATIENT,
    );

    const back = await fetch(`http://127.0.0.1:${port}/admin/integrations/bundles/sibyl/rollback`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await rig.token('privileged')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ version: first.body['version'] }),
    });
    expect(back.status).toBe(200);
    expect(await outputOf(ask, {})).toEqual(['one x0 ']);
  },
);

test(
  'one process takes one call: a second caller hears so, or waits in line; asynchronous ones wait by themselves',
  LIMIT,
  async ({ rig, redis }) => {
    const [worker] = await openWorkers(rig, redis, 1);
    if (worker === undefined) throw new Error('no worker');
    const { ask, port } = worker;
    await upload(port, rig, { 'predict.py': code('one') });
    const long = { id: 'long', input: { n: 3, wait_ms: 400 } };
    const running = ask(PREDICTIONS, { body: long });
    await vi.waitFor(async () => expect((await view(ask, 'long')).status).toBe('processing'), PATIENT);
    const second = await ask(PREDICTIONS, { body: { input: {} } });
    expect([second.status, await second.json()]).toMatchObject([
      409,
      { error: 'already running a prediction' },
    ]);
    // The same one again is no second run, also where its own place is taken by it.
    const again = await ask(`${PREDICTIONS}/long`, { method: 'PUT', body: { input: {} } });
    expect(again.status).toBe(202);
    const late = ['l1', 'l2', 'l3'];
    for (const id of late) await ask(PREDICTIONS, { body: { id, input: { text: id } }, headers: ASYNC });
    const queued = ask(PREDICTIONS, { body: { input: { text: 'q' }, queue: true } });
    expect(await json(await queued)).toMatchObject({ status: 'succeeded', output: ['one q0 '] });
    expect(await json(await running)).toMatchObject({ status: 'succeeded' });
    for (const id of late) expect((await ended(ask, id)).output).toEqual([`one ${id}0 `]);
    const tens = Array.from({ length: 10 }, () =>
      ask(`${PREDICTIONS}/ten`, { method: 'PUT', body: { input: { wait_ms: 300 } } }),
    );
    const statuses = (await Promise.all(tens))
      .map(({ status }) => status)
      .toSorted((one, other) => one - other);
    expect(statuses).toEqual([200, ...Array<number>(9).fill(202)]);
    expect((await ended(ask, 'ten')).logs).toBe('begin \nend\n');
  },
);

test(
  'asynchronous on two workers: followed and canceled from the other one; a process that is killed is told, and the next one serves',
  LIMIT,
  async ({ rig, redis }) => {
    const [one, two] = await openWorkers(rig, redis, 2);
    if (one === undefined || two === undefined) throw new Error('no workers');
    await upload(one.port, rig, { 'predict.py': code('one') });
    await one.ask(PREDICTIONS, { body: { id: 'a', input: { n: 3, wait_ms: 200 } }, headers: ASYNC });
    const sse = { headers: { accept: 'text/event-stream' } };
    const [here, there] = await Promise.all(
      [one, two].map(async ({ ask }) => (await ask(`${PREDICTIONS}/a`, sse)).text()),
    );
    const frames = framesOf(here ?? '');
    expect(framesOf(there ?? '')).toEqual(frames);
    expect(frames.filter(({ event }) => event === 'output').map(({ data }) => data['output'])).toEqual([
      'one x0 ',
      'one x1 ',
      'one x2 ',
    ]);
    expect(frames.at(-1)).toMatchObject({ event: 'completed', data: { status: 'succeeded' } });

    const endless = { n: 1000, wait_ms: 100 };
    for (const id of ['b', 'c']) {
      await one.ask(PREDICTIONS, { body: { id, input: endless }, headers: ASYNC });
      await vi.waitFor(async () => expect((await view(two.ask, id)).status).toBe('processing'), PATIENT);
      if (id === 'b') await two.ask(`${PREDICTIONS}/b/cancel`, { method: 'POST' });
      if (id === 'b') expect((await ended(one.ask, 'b')).status).toBe('canceled');
    }
    for (const pid of await pidsOf('coglet', path.dirname(rig.bundlesDir))) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended with the one before it.
      }
    }
    expect(await ended(two.ask, 'c')).toMatchObject({
      status: 'failed',
      error: 'the process of the predictor is gone: it was ended by SIGKILL',
    });
    expect(await outputOf(one.ask, {})).toEqual(['one x0 ']);
  },
);

test('the example in Python serves in the platform as it does alone', LIMIT, async ({ rig, redis }) => {
  const [worker] = await openWorkers(rig, redis, 1);
  if (worker === undefined) throw new Error('no worker');
  const names = ['predict.py', 'cog.yaml', 'package.json'];
  const files = Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(path.join(SHIPPED, name), 'utf8')] as const),
    ),
  );
  expect(await upload(worker.port, rig, files, 'predictor-py')).toMatchObject({ body: { status: 'ok' } });
  const input = { text: 'To be, or not to be.', language: 'none' };
  const made = await json(await worker.ask('/predictor-py/predictions', { body: { input } }));
  expect(made).toMatchObject({ status: 'succeeded', metrics: { words: 6 } });
  expect(made.output).toContain('20 characters, 6 words, 1 sentences\n');
});
