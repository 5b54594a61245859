import { execFile, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Deadline, Secret, loadConfig, sealText } from '@switchyard/kernel';
import type { Log, LogFields } from '@switchyard/telemetry';
import { describe, expect, onTestFinished, test } from 'vitest';
import { start } from './compose.ts';
import { settings } from './env.ts';

const PROC = 'proc-token-of-at-least-32-characters';
const OPERATOR = 'operator-token-of-32-characters-or-more';
const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const ENV = { PORT: '0', SECRETS_TOKEN: PROC, SECRETS_OPERATOR_TOKEN: OPERATOR, MAX_SECRET_VALUE: '1KiB' };

async function setUp(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const write = (message: string, fields?: LogFields) =>
    void lines.push(JSON.stringify({ message, ...fields }));
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log };
  const service = await start(loadConfig(settings, { ...ENV, ...env }, 'secrets'), log);
  onTestFinished(() => service.stop(Deadline.in(1000)));
  const ask = async (
    method: string,
    path: string,
    options: { token?: string; bundle?: string; body?: unknown } = {},
  ) => {
    const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
      method,
      headers: {
        ...(options.token === '' ? {} : { authorization: `Bearer ${options.token ?? PROC}` }),
        ...(options.bundle === undefined ? {} : { 'x-bundle-id': options.bundle }),
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined
        ? {}
        : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { service, ask, lines };
}

const HELLO = '/v1/bundles/demo/main/hello';

describe('over HTTP', () => {
  test('set, read, list names, delete, for each kind of name', async () => {
    const { ask } = await setUp();
    const folders: [string, string | undefined][] = [
      [HELLO, 'hello'],
      ['/v1/users/demo/main/ann/hello', 'hello'],
      ['/v1/platform', undefined],
    ];
    for (const [folder, bundle] of folders) {
      const as = bundle === undefined ? {} : { bundle };
      expect(await ask('PUT', `${folder}/key`, { body: { value: 'v1' } })).toMatchObject({
        status: 200,
        body: { key: 'key', version: 1 },
      });
      expect(await ask('PUT', `${folder}/key`, { body: { value: 'v2' } })).toMatchObject({
        body: { version: 2 },
      });
      expect(await ask('GET', `${folder}/key`, as)).toMatchObject({
        status: 200,
        body: { value: 'v2', version: 2 },
      });
      const { body } = await ask('GET', folder);
      expect(body).toEqual({ items: [{ key: 'key', version: 2, updated_at: expect.any(String) as string }] });
      expect(await ask('DELETE', `${folder}/key`)).toEqual({ status: 200, body: { deleted: true } });
      expect(await ask('DELETE', `${folder}/key`)).toEqual({ status: 200, body: { deleted: false } });
      expect(await ask('GET', `${folder}/key`, as)).toMatchObject({ status: 404 });
    }
  });

  test('nothing without a token; only proc reads, and only what its bundle owns', async () => {
    const { ask } = await setUp();
    await ask('PUT', `${HELLO}/key`, { token: OPERATOR, body: { value: 'v' } });
    for (const token of ['', 'wrong', `${PROC}x`]) {
      for (const method of ['GET', 'DELETE'])
        expect(await ask(method, `${HELLO}/key`, { token, bundle: 'hello' })).toMatchObject({ status: 401 });
      expect(await ask('GET', HELLO, { token })).toMatchObject({ status: 401 });
    }
    expect(await ask('GET', `${HELLO}/key`, { token: OPERATOR, bundle: 'hello' })).toMatchObject({
      status: 403,
    });
    expect(await ask('GET', `${HELLO}/key`, { bundle: 'other' })).toMatchObject({ status: 403 });
    expect(await ask('GET', `${HELLO}/key`)).toMatchObject({ status: 403 });
    expect(await ask('GET', '/v1/bundles/demo/other/hello/key', { bundle: 'hello' })).toMatchObject({
      status: 403,
      body: { detail: { error_type: 'auth.foreign_scope' } },
    });
    expect(await ask('GET', `${HELLO}/key`, { bundle: 'hello' })).toMatchObject({
      status: 200,
      body: { value: 'v' },
    });
  });

  test('bad input gets a clear 4xx, and no value is in any answer or log line', async () => {
    const { ask, lines } = await setUp();
    const value = 'hunter2-hunter2';
    await ask('PUT', `${HELLO}/key`, { body: { value } });
    await ask('GET', `${HELLO}/key`, { bundle: 'hello' });
    const answers = [
      await ask('PUT', `${HELLO}/key`, { body: { value: value.repeat(100) } }),
      await ask('PUT', `${HELLO}/key`, { body: { value: value.repeat(10_000) } }),
      await ask('PUT', `${HELLO}/key`, { body: `{"value":"${value}` }),
      await ask('PUT', `${HELLO}/key`, { body: { value: [value] } }),
      await ask('PUT', `${HELLO}/key`, { body: { value: '' } }),
      await ask('PUT', `${HELLO}/..%2F..%2Fplatform%2Fkey`, { body: { value } }),
      await ask('PUT', `${HELLO}/${'k'.repeat(200)}`, { body: { value } }),
      await ask('POST', `${HELLO}/key`, { body: { value } }),
      await ask('GET', '/v1/everything'),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([413, 413, 400, 400, 400, 404, 404, 405, 404]);
    expect(JSON.stringify(answers)).not.toContain('hunter2');
    expect(lines.join('\n')).not.toContain('hunter2');
    expect(lines.join('\n')).not.toContain(PROC);
    expect(
      lines.some((line) => line.includes('secret access') && line.includes('"caller":"chat-proc"')),
    ).toBe(true);
  });

  test('a read token reads its names so many times, and gives nothing else', async () => {
    const { ask, lines } = await setUp();
    for (const key of ['key', 'other']) await ask('PUT', `${HELLO}/${key}`, { body: { value: `v-${key}` } });
    const grant = { keys: ['key'], uses: 2 };
    const make = (options: object) => ask('POST', `${HELLO}/read-tokens`, { body: grant, ...options });
    expect((await make({})).status).toBe(403);
    expect((await make({ bundle: 'other' })).status).toBe(403);
    expect((await make({ token: OPERATOR, bundle: 'hello' })).status).toBe(403);
    const made = await make({ bundle: 'hello' });
    expect(made).toMatchObject({ status: 200, body: { uses: 2, ttl_seconds: 60 } });
    const token = String(made.body['token']);
    expect((await ask('GET', `${HELLO}/other`, { token })).status).toBe(401);
    for (const [method, path] of [
      ['GET', HELLO],
      ['DELETE', `${HELLO}/key`],
      ['GET', '/v1/bundles/demo/main/other/key'],
    ] as const)
      expect((await ask(method, path, { token, bundle: 'hello' })).status).toBe(401);
    const read = () => ask('GET', `${HELLO}/key`, { token });
    // Four at once, two uses.
    const statuses = (await Promise.all([read(), read(), read(), read()])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 401, 401]);
    expect(lines.join('\n')).not.toContain(token);
  });

  test('health, metrics and the description need no token and tell no names', async () => {
    const { service, ask } = await setUp();
    await ask('PUT', `${HELLO}/very-private`, { body: { value: 'v' } });
    for (const path of ['/health', '/health/live', '/health/ready', '/openapi.json', '/metrics']) {
      const response = await fetch(`http://127.0.0.1:${service.port}${path}`);
      expect(response.status).toBe(200);
      expect(await response.text()).not.toContain('very-private');
    }
  });
});

describe('as a process', () => {
  test('starts, says that it is ready, ends on SIGTERM with 0, and is empty after a restart', async () => {
    const run = async () => {
      const child = fork(MAIN, { env: { ...ENV, PATH: process.env['PATH'] ?? '' }, silent: true });
      onTestFinished(() => void child.kill('SIGKILL'));
      let lines = '';
      child.stdout?.on('data', (chunk: Buffer) => (lines += chunk.toString()));
      expect(await once(child, 'message')).toMatchObject([{ ready: 'secrets' }, undefined]);
      const portOf = () =>
        /"message":"listening"|"msg":"listening"/.test(lines) && /"port":(\d+)/.exec(lines)?.[1];
      await expect.poll(portOf).toBeTruthy();
      return { child, url: `http://127.0.0.1:${String(portOf())}${HELLO}` };
    };
    const headers = { authorization: `Bearer ${PROC}`, 'content-type': 'application/json' };
    const first = await run();
    await fetch(`${first.url}/key`, { method: 'PUT', headers, body: '{"value":"v"}' });
    first.child.kill('SIGTERM');
    expect(await once(first.child, 'exit')).toEqual([0, null]);
    const second = await run();
    expect(await (await fetch(second.url, { headers })).json()).toEqual({ items: [] });
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
  });

  test.each([{}, { SECRETS_TOKEN: 'short' }, { ...ENV, SECRETS_OPERATOR_TOKEN: PROC }])(
    'refuses to start with %o',
    async (env) => {
      const started = promisify(execFile)(process.execPath, [MAIN], { env: { ...env, PORT: '0' } });
      await expect(started).rejects.toMatchObject({
        code: 1,
        stderr: expect.not.stringContaining(PROC) as string,
      });
    },
  );
});

describe('filled at start', () => {
  const folder = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-fill-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    return dir;
  };
  const put = async (dir: string, name: string, text: string) => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  };

  test('from mounted files, then from a sealed file, and no value is in a log line', async () => {
    const dir = await folder();
    // As Kubernetes mounts: the names are links into a folder that is swapped as a whole.
    await put(dir, '..data/bundles/hello/key', 'from-a-file\n');
    await put(dir, '..data/bundles/hello/other', 'kept-as-it-is\n\n');
    await symlink('..data/bundles', join(dir, 'bundles'));
    await put(
      dir,
      'sealed',
      await sealText(
        '{"bundles":{"hello":{"key":"from-the-seal"}},"platform":{"mail":"m-1"}}',
        new Secret('pass'),
        randomBytes,
        2 ** 14,
      ),
    );
    await put(dir, 'passphrase', 'pass\n');
    const { ask, lines } = await setUp({
      SECRETS_MOUNTED_DIR: dir,
      SECRETS_SEALED_FILE: join(dir, 'sealed'),
      SECRETS_SEALED_KEY_FILE: join(dir, 'passphrase'),
    });
    const read = async (path: string, bundle?: string) =>
      (await ask('GET', path, bundle === undefined ? {} : { bundle })).body['value'];
    expect(await read(`${HELLO}/key`, 'hello')).toBe('from-the-seal');
    expect(await read(`${HELLO}/other`, 'hello')).toBe('kept-as-it-is\n');
    expect(await read('/v1/platform/mail')).toBe('m-1');
    expect(lines.join('\n')).not.toMatch(/from-|kept-as|m-1|pass"/);
  });

  test('a sealed file that is not there yet is an empty one; what cannot be read as a whole is no start', async () => {
    const dir = await folder();
    await put(dir, 'passphrase', 'pass');
    const sealed = {
      SECRETS_SEALED_FILE: join(dir, 'sealed'),
      SECRETS_SEALED_KEY_FILE: join(dir, 'passphrase'),
    };
    expect((await (await setUp(sealed)).ask('GET', HELLO)).body).toEqual({ items: [] });
    await put(
      dir,
      'sealed',
      await sealText('{"bundles":{"hello":{"key":5}}}', new Secret('pass'), randomBytes, 2 ** 14),
    );
    await expect(setUp(sealed)).rejects.toThrow('something else than secrets');
    await put(dir, 'passphrase', 'other');
    await expect(setUp(sealed)).rejects.toThrow('does not open');
    await expect(setUp({ ...sealed, SECRETS_SEALED_KEY_FILE: '' })).rejects.toThrow(
      'SECRETS_SEALED_KEY_FILE',
    );
    await expect(setUp({ SECRETS_MOUNTED_DIR: join(dir, 'none') })).rejects.toThrow('no folder');
    await put(dir, 'bundles/hello/bad name', 'hunter2-hunter2');
    await expect(setUp({ SECRETS_MOUNTED_DIR: dir })).rejects.toThrow(/bad name is no secret$/);
  });
});

test('a process that could leave its memory in a file takes that from itself', async () => {
  const command = 'ulimit -c unlimited 2>/dev/null || ulimit -c 1024; exec "$0" "$1"';
  const child = spawn('sh', ['-c', command, process.execPath, MAIN], {
    env: { ...ENV, PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('"listening"')) break;
  const limits = await readFile(`/proc/${child.pid}/limits`, 'utf8');
  expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
}, 120_000);
