import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BundleFailure, openBundle } from './index.ts';
import type { TestBundle } from './index.ts';

let bundle: TestBundle;
beforeAll(async () => {
  bundle = await openBundle(new URL('../test/sample/bundle.ts', import.meta.url), {
    secrets: { api_key: 'k' },
  });
});
beforeEach(() => {
  for (const part of ['storage', 'kv', 'responses'] as const) bundle.platform[part].clear();
  bundle.platform.jobs.length = 0;
});
afterAll(() => bundle.close());

async function failure(work: Promise<unknown>): Promise<BundleFailure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BundleFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('a turn is answered, with everything that was told beside it', async () => {
  const turn = await bundle.turn('hello', {
    user: { username: 'Grace' },
    continuations: [{ kind: 'followup', turn_id: 't2', message: 'more', events: [], attachments: [] }],
  });
  expect(turn.answer).toBe('Hello, Grace! And more.');
  expect(turn.result).toEqual({ final_answer: 'Hello, Grace! And more.', followups: ['More?'] });
  expect(turn.steps).toMatchObject([{ name: 'greet', status: 'started' }]);
  expect(turn.files).toMatchObject([{ filename: 'a.csv', text: 'a,b' }]);
  expect(turn.usage).toMatchObject([{ model: 'm' }]);
});

test('props are set as an admin would', async () => {
  await bundle.setProps({ greeting: 'Hi' });
  expect((await bundle.turn('hello')).answer).toBe('Hi, Ada!');
  expect((await failure(bundle.setProps({ greeting: 1 }))).message).toMatch(/greeting/);
  await bundle.setProps({});
});

test('an operation goes through its schemas, a Response comes as one, a tool is a tool', async () => {
  expect(await bundle.operation('count', { text: 'four' })).toEqual({ characters: 4 });
  expect(await failure(bundle.operation('count', { text: 4 }))).toMatchObject({
    errorType: 'request.unprocessable',
  });
  const page = (await bundle.operation('page')) as Response;
  expect([page.status, page.headers.get('content-type'), await page.text()]).toEqual([
    201,
    'text/html',
    '<p>hi',
  ]);
  expect(await bundle.tool('count', { text: 'four' })).toEqual({ characters: 4 });
  expect(await bundle.tool('twice', 21)).toBe(42);
  expect((await failure(bundle.tool('keep', {}))).message).toMatch(/has no tool "keep"/);
});

test('capabilities work in memory, with the schemas of the platform', async () => {
  bundle.platform.documents.push({ title: 'Lanes', path: 'a.md', text: 'A lane is a queue.', score: 1 });
  const kept = (user: string) => bundle.operation('keep', { text: 'lane' }, { user: { user_id: user } });
  expect(await kept('u1')).toMatchObject({
    times: 1,
    is_new: true,
    paths: ['notes/a.txt'],
    found: [{ path: 'a.md' }],
  });
  expect(await kept('u2')).toMatchObject({ times: 2, is_new: false });
  expect([...bundle.platform.storage.keys()]).toEqual(['user:u1:notes/a.txt', 'user:u2:notes/a.txt']);
  expect(bundle.platform.jobs).toMatchObject([{ name: 'reindex', data: { full: true }, delayMs: 0 }]);
  expect((await failure(bundle.operation('wrong'))).message).toMatch(/Wrong arguments.*no path/);
});

test('jobs, schedules, channels and requests run as the server runs them', async () => {
  await bundle.job('reindex', { full: false }, { attempt: 2 });
  expect(bundle.platform.kv.get('bundle:indexed')?.value).toEqual({ full: false, attempt: 2 });
  await bundle.schedule('tidy', { tick: '2026-01-01T03:00:00Z' });
  expect(bundle.platform.kv.get('bundle:tidied')?.value).toBe('2026-01-01T03:00:00Z');
  await bundle.channel('io:web:request', {
    request_id: 'r1',
    site: 's',
    method: 'GET',
    path: '/',
    query: [],
    headers: [],
    cookies: {},
    body: null,
  });
  expect(bundle.platform.responses.get('r1')).toMatchObject({ status: 200 });
  const answer = await bundle.fetch('/a', { method: 'POST', body: 'body' });
  expect(await answer.text()).toBe('POST /a body');
});

test('requests go to the hosts that were asked for, answered by the test', async () => {
  bundle.platform.http = (request) => new Response(`key ${request.headers.get('x-key') ?? ''}`);
  expect((await bundle.turn('fetch')).answer).toBe('key k');
  expect((await failure(bundle.turn('elsewhere'))).message).toMatch(/may not reach example.org/);
  expect((await failure(bundle.operation('run'))).message).toMatch(/has set no platform.exec/);
  expect(await bundle.operation('offer')).toBeNull();
  bundle.platform.exec = async ({ code }) => ({
    stdout: `${code}\n`,
    files: [{ path: 'a', bytes: Buffer.from('b') }],
  });
  const ran = { stdout: 'print(1)\n', exit_code: 0, cause: 'exit', left_out: [] };
  expect(await bundle.operation('run')).toMatchObject({ ...ran, heard: [] });
  expect(await bundle.operation('run', { isHeard: true })).toMatchObject({
    ...ran,
    heard: ['stdout: print(1)\n'],
    files: ['a: b'],
  });
  expect(await bundle.operation('offer')).toMatchObject({ languages: ['python', 'javascript', 'shell'] });
});

test('what the author threw is the message, and what was heard before is there', async () => {
  const failed = await failure(bundle.turn('throw'));
  expect(failed.errorType).toBe('bundle_error');
  expect(failed.message).toMatch(/the author made a mistake/);
  expect(failed.recording.answer).toBe('half');
});

test('a cancel and a time limit end a turn', async () => {
  const controller = new AbortController();
  const cancelled = failure(
    bundle.turn('wait', { signal: controller.signal, onEvent: () => controller.abort() }),
  );
  expect((await cancelled).errorType).toBe('cancelled');
  expect((await failure(bundle.turn('wait', { timeoutMs: 100 }))).errorType).toBe('timeout');
});

test('the sandbox is the real one, and so is a blocked host', async () => {
  expect((await failure(bundle.turn('read'))).message).toMatch(/ERR_ACCESS_DENIED|restricted/);
  await using short = await openBundle('../test/sample/bundle.ts', { limits: { blockedMs: 2000 } });
  expect((await failure(short.turn('loop'))).errorType).toBe('bundle_blocked');
  expect((await short.turn('hello')).answer).toBe('Hello, Ada!');
});

test('a bundle that does not load says why', async () => {
  await expect(openBundle('./index.ts')).rejects.toThrow(
    /the package "@switchyard\/kernel" is not in the bundle/,
  );
  await expect(openBundle('./nowhere.ts')).rejects.toThrow(/there is no file/);
});

test('it works under the test runner of Node', async () => {
  const program = fileURLToPath(new URL('../test/node-test-program.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', program], {
    // Under vitest's own variables node:test would take itself for a child.
    env: { PATH: process.env['PATH'] },
  });
  expect(stdout).toMatch(/^# pass 1$/mu);
});
