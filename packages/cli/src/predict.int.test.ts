import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test as base } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
const LIMIT = { timeout: 120_000 };
const COUNTER = `from cog import ConcatenateIterator
def predict(text: str, times: int = 2) -> ConcatenateIterator[str]:
    for at in range(times):
        print(f"round {at}")
        yield f"{text} "
`;

interface Stand {
  readonly folder: string;
  start(...words: string[]): ChildProcess;
  run(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Starts a server and answers its address. */
  serve(...words: string[]): Promise<{ child: ChildProcess; url: string }>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-predict-cli-'));
    const children: ChildProcess[] = [];
    const start = (...words: string[]): ChildProcess => {
      const child = spawn(process.execPath, [PROGRAM, ...words], {
        cwd: folder,
        env: { ...process.env, SWITCHYARD_CWD: folder, TMPDIR: folder, LANG_OF_TEST: 'seen' },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      children.push(child);
      return child;
    };
    await use({
      folder,
      start,
      async run(...words) {
        const child = start(...words);
        const ended = once(child, 'close');
        if (child.stdout === null || child.stderr === null) throw new Error('no pipes');
        const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
        await ended;
        return { code: child.exitCode, stdout, stderr };
      },
      async serve(...words) {
        const child = start(...words, '--port', '0', '--sandbox', 'permission');
        child.stderr?.resume();
        if (child.stdout === null) throw new Error('no pipe');
        for await (const line of createInterface({ input: child.stdout })) {
          const url = /http:\S+/u.exec(line)?.[0];
          if (url !== undefined) return { child, url };
        }
        throw new Error('it ended before it listened');
      },
    });
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  },
});

const post = (url: string, body: object, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const ready = (url: string) =>
  expect
    .poll(async () => ((await (await fetch(`${url}/health-check`)).json()) as { status: string }).status, {
      timeout: 60_000,
    })
    .toBe('READY');

test(
  'run prints output as it is made and logs to stderr; the exit code tells a failure',
  LIMIT,
  async ({ stand }) => {
    await writeFile(path.join(stand.folder, 'predict.py'), COUNTER);
    expect(await stand.run('predict', 'run', '.', 'text=hi', 'times=3')).toMatchObject({
      code: 0,
      stdout: 'hi hi hi \n',
      stderr: expect.stringContaining('round 0\nround 1\nround 2\n'),
    });
    expect(await stand.run('predict', 'run', '.')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('missing required input field: text'),
    });
    const { stdout } = await stand.run('predict', 'schema', '.');
    expect(JSON.parse(stdout)).toMatchObject({ components: { schemas: { Input: { required: ['text'] } } } });
    expect(await stand.run('predict', 'run', 'nothing')).toMatchObject({ code: 2 });
    // Nothing is left of all that but what was there.
    expect(await readdir(stand.folder)).toEqual(['predict.py']);
  },
);

test('SIGTERM lets a prediction end, and leaves nothing', LIMIT, async ({ stand }) => {
  const code = 'import time\ndef predict(s: float) -> str:\n    time.sleep(s)\n    return "done"\n';
  await writeFile(path.join(stand.folder, 'predict.py'), code);
  const { child, url } = await stand.serve('predict', 'serve');
  await ready(url);
  await post(`${url}/predictions`, { id: 'one', input: { s: 1.5 } }, { prefer: 'respond-async' });
  const answer = fetch(`${url}/predictions/one`, { headers: { accept: 'text/event-stream' } });
  const stream = (await answer).text();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await stream).toContain('"status":"succeeded"');
  expect((await exited)[0]).toBe(0);
  expect(await readdir(stand.folder)).toEqual(['predict.py']);
});

test('a server that stood still for longer than a lease has lost no prediction', LIMIT, async ({ stand }) => {
  const control = fileURLToPath(new URL('../../predict/test/predictors/ts/control', import.meta.url));
  const { child, url } = await stand.serve('predict', 'serve', control);
  await ready(url);
  await post(
    `${url}/predictions`,
    { id: 'long', input: { action: 'sleep', ms: 7000, text: 'x' } },
    { prefer: 'respond-async' },
  );
  const view = async () => (await (await fetch(`${url}/predictions/long`)).json()) as { status: string };
  await expect.poll(async () => (await view()).status, { timeout: 60_000 }).toBe('processing');
  child.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  child.kill('SIGCONT');
  await expect.poll(async () => (await view()).status, { timeout: 60_000 }).not.toBe('processing');
  expect(await view()).toMatchObject({ status: 'succeeded', output: 'x' });
});

test('a server that is killed leaves no process behind', LIMIT, async ({ stand }) => {
  await writeFile(path.join(stand.folder, 'predict.py'), COUNTER);
  const { child, url } = await stand.serve('predict', 'serve');
  await ready(url);
  const children = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'))
    .trim()
    .split(' ');
  expect(children.length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  const alive = async () => {
    const lines = children.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
    return (await Promise.all(lines)).filter((line) => line !== '').length;
  };
  await expect.poll(alive, { timeout: 60_000 }).toBe(0);
});

test('procedures serve runs a folder by its address', LIMIT, async ({ stand }) => {
  const source = path.join(stand.folder, 'source');
  await mkdir(source);
  await writeFile(path.join(source, 'predict.py'), COUNTER);
  const context = { procedure_source_url: pathToFileURL(source).href, replicate_api_token: 't' };
  const { url, child } = await stand.serve('procedures', 'serve', '--max-runners', '1');
  const body = { input: { text: 'a', times: 1 }, context };
  expect(await (await post(`${url}/procedures`, body)).json()).toMatchObject({ output: ['a '] });
  const exited = once(child, 'exit');
  await post(`${url}/shutdown`, {});
  expect((await exited)[0]).toBe(0);
});

test(
  'a client that goes away takes its prediction with it, unless the server was told to keep it; named variables are seen',
  LIMIT,
  async ({ stand }) => {
    const code =
      'import os, time\ndef predict(s: float) -> str:\n    time.sleep(s)\n    return os.environ.get("LANG_OF_TEST", "none")\n';
    await writeFile(path.join(stand.folder, 'predict.py'), code);
    const leave = async (...words: string[]) => {
      const { url, child } = await stand.serve('predict', 'serve', ...words);
      await ready(url);
      const gone = new AbortController();
      const asked = fetch(`${url}/predictions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id: 'mine', input: { s: 1 } }),
        signal: gone.signal,
      }).catch(() => undefined);
      const view = async () =>
        (await (await fetch(`${url}/predictions/mine`)).json()) as { status?: string; output?: unknown };
      await expect.poll(async () => (await view()).status, { timeout: 60_000 }).toBe('processing');
      gone.abort();
      await asked;
      await expect
        .poll(async () => (await view()).status, { timeout: 60_000 })
        .toMatch(/^(canceled|succeeded|failed)$/u);
      const end = await view();
      child.kill('SIGKILL');
      return end;
    };
    expect(await leave()).toMatchObject({ status: 'canceled' });
    expect(await leave('--keep-abandoned', '--pass-env', 'LANG_OF_TEST, HOME')).toMatchObject({
      status: 'succeeded',
      output: 'seen',
    });
  },
);
