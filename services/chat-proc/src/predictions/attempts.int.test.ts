import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Deadline } from '@switchyard/kernel';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, framesOf, json, viewsAt } from '../../test/ask-predictions.ts';
import { pidsOf } from '../../test/host-pids.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const PHOENIX_DIR = path.join(import.meta.dirname, '../../test/bundles/phoenix');
const MAIN = path.join(import.meta.dirname, '../main.ts');
const LIMIT = { timeout: 180_000 };

const IN_PYTHON = `import time
from cog import ConcatenateIterator
def predict(text: str = "x", n: int = 2, wait_ms: int = 0) -> ConcatenateIterator[str]:
    print(f"begin {text}")
    for step in range(n):
        yield f"{text}{step} "
        time.sleep(wait_ms / 1000)
    print("end")
`;

async function ship(rig: ProcRig): Promise<void> {
  await rig.ship(ACTOR_DIR);
  await rig.ship(PHOENIX_DIR);
  const dir = path.join(rig.bundlesDir, 'python');
  await mkdir(dir);
  await writeFile(path.join(dir, 'predict.py'), IN_PYTHON);
  await writeFile(
    path.join(dir, 'package.json'),
    JSON.stringify({ switchyard: { id: 'python', attempts: 3 } }),
  );
}

const attemptOf = async (rig: ProcRig, id: string) =>
  (await rig.sql<{ attempt: number }>(`select attempt from prediction where prediction_id = '${id}'`))[0]
    ?.attempt;

/** The outputs that rows of this name have: what a worker that is killed leaves behind. */
const savedOf = async (rig: ProcRig, id: string) =>
  (
    await rig.sql<{ output: string | null }>(
      `select output::text from prediction where prediction_id = '${id}'`,
    )
  ).map(({ output }) => output ?? '');

/** What a run of it leaves in the log, and what stands between two. */
const logOf = (reason: string) => new RegExp(`^begin x ?\nattempt 2 of 3: ${reason}\nbegin x ?\nend\n$`, 'u');
const steps = (n: number) => Array.from({ length: n }, (_, at) => `x${at} `);

test.for(['phoenix', 'python'])(
  'its process is killed: %s begins again, whoever waits for it, and a stream tells both',
  LIMIT,
  async (bundle, { rig, redis }) => {
    await ship(rig);
    const token = await rig.token('registered');
    const workers = [await rig.start(), await rig.start()].map(({ port }) => askAt(port, token, redis));
    const [one, two] = workers;
    if (one === undefined || two === undefined) throw new Error('no workers');
    const predictions = `/${bundle}/predictions`;
    const { view, ended } = viewsAt(predictions);
    const input = { n: 20, wait_ms: 150 };
    for (const isDetached of [true, false]) {
      const id = isDetached ? 'detached' : 'awaited';
      const answer = one(predictions, { body: { id, input, queue: true }, headers: isDetached ? ASYNC : {} });
      await vi.waitFor(async () => expect((await view(two, id)).output).toContain('x2 '), PATIENT);
      const stream = two(`${predictions}/${id}`, { headers: { accept: 'text/event-stream' } });
      const words = bundle === 'python' ? ['coglet', 'python__'] : ['phoenix__'];
      // Of two workers: whichever runs it, and one that is idle.
      for (const pid of await pidsOf(path.dirname(rig.bundlesDir), ...words)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Ended with the one before it.
        }
      }
      const last = await ended(two, id);
      expect(last).toMatchObject({ status: 'succeeded', output: steps(20), error: null });
      expect(last.logs).toMatch(logOf('the process of the predictor is gone: .*'));
      expect(await attemptOf(rig, id)).toBe(2);
      if (!isDetached) expect(await json(await answer)).toEqual(last);
      const frames = framesOf(await (await stream).text());
      expect(frames.map((frame) => frame.id)).toEqual(frames.map((_, at) => at + 1));
      expect(frames.filter(({ event }) => event === 'start')).toHaveLength(2);
      const second = frames.findLastIndex(({ event }) => event === 'start');
      const outputs = frames.slice(second).filter(({ event }) => event === 'output');
      expect(outputs.map(({ data }) => [data['index'], data['output']])).toEqual(
        steps(20).map((text, at) => [at, text]),
      );
    }
  },
);

test(
  'what always ends its process is begun as often as it may be, and has failed then',
  LIMIT,
  async ({ rig, redis }) => {
    await ship(rig);
    const ask = askAt((await rig.start()).port, await rig.token('registered'), redis);
    const { ended } = viewsAt('/phoenix/predictions');
    await ask('/phoenix/predictions', { body: { id: 'dies', input: { n: 1, end: 'die' } }, headers: ASYNC });
    const last = await ended(ask, 'dies');
    expect(last).toMatchObject({ status: 'failed', error: expect.stringContaining('exit code 3') });
    expect(last.logs.match(/^begin x/gmu)).toHaveLength(3);
    expect(last.logs).toContain('attempt 3 of 3: ');
    expect(await attemptOf(rig, 'dies')).toBe(3);
  },
);

test(
  'its worker is killed: another one begins it again; whoever waited at the dead one is not waited for',
  LIMIT,
  async ({ rig, redis, postgres }) => {
    await ship(rig);
    const token = await rig.token('registered');
    const child = fork(MAIN, [], {
      env: {
        ...rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }),
        PREDICTION_LEASE: '2s',
        JOB_LEASE: '2s',
        JOB_RECONCILE: '1s',
        RUNNER_SANDBOX: 'permission',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const input = { n: 20, wait_ms: 150 };
    const asked = ['phoenix', 'python'].map((bundle) => ({
      predictions: `/${bundle}/predictions`,
      ...viewsAt(`/${bundle}/predictions`),
    }));
    try {
      await vi.waitFor(() => expect(said).toContain('"msg":"worker started"'), PATIENT);
      const port = Number(/"port":(\d+)[^\n]*"msg":"worker started"/u.exec(said)?.[1]);
      const dying = askAt(port, token, redis);
      const waited = [
        dying('/phoenix/predictions', { body: { id: 'waited', input } }).catch(() => undefined),
      ];
      for (const { predictions } of asked)
        await dying(predictions, { body: { id: 'again', input }, headers: ASYNC });
      await vi.waitFor(
        async () => expect((await savedOf(rig, 'again')).every((text) => text.includes('x2 '))).toBe(true),
        PATIENT,
      );
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      await Promise.all(waited);
    } finally {
      child.kill('SIGKILL');
    }
    const { port } = await rig.start({ predictionLease: '2s', jobLease: '2s', jobReconcile: '1s' });
    const ask = askAt(port, token, redis);
    for (const { ended } of asked) {
      const last = await ended(ask, 'again');
      expect(last).toMatchObject({ status: 'succeeded', output: steps(20), error: null });
      expect(last.logs).toContain('attempt 2 of 3: the worker of the one before is gone\nbegin x');
      expect(last.logs).toMatch(/^begin x.*\nattempt/u);
    }
    expect(await viewsAt('/phoenix/predictions').ended(ask, 'waited')).toMatchObject({
      status: 'failed',
      error: 'the worker that ran it died',
    });
  },
);

test(
  'a worker that stops gives what may be begun again to another one, and its clients go on by the row',
  LIMIT,
  async ({ rig, redis }) => {
    await ship(rig);
    const token = await rig.token('registered');
    const stopping = await rig.start({ jobReconcile: '1s' });
    const ask = askAt(stopping.port, token, redis);
    const { view, ended } = viewsAt('/phoenix/predictions');
    await ask('/phoenix/predictions', {
      body: { id: 'handed-on', input: { n: 30, wait_ms: 150 } },
      headers: ASYNC,
    });
    await vi.waitFor(async () => expect((await view(ask, 'handed-on')).output).toContain('x2 '), PATIENT);
    await stopping.stop(Deadline.in(300));
    expect(await attemptOf(rig, 'handed-on')).toBe(1);
    const other = askAt((await rig.start({ jobReconcile: '1s' })).port, token, redis);
    const last = await ended(other, 'handed-on');
    expect(last).toMatchObject({ status: 'succeeded', output: steps(30) });
    expect(last.logs).toContain('attempt 2 of 3: the worker of the one before is gone\nbegin x');
  },
);
