import { loadConfig } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { tryHostileBodies } from '@switchyard/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BACKENDS, TOKEN, execEnv, processesWith, startExec } from '../test/exec-rig.ts';
import type { ExecRig } from '../test/exec-rig.ts';
import { start } from './compose.ts';
import { settings } from './env.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe.each(BACKENDS)('in %s', (backend) => {
  let rig: ExecRig;
  beforeAll(async () => {
    rig = await startExec(backend, { EXEC_MAX_FILES: '3', EXEC_MAX_FILE_BYTES: '1KiB' });
  });
  afterAll(() => rig.stop());

  test('each language runs, prints, reads its input and ends with its code', async () => {
    const languages = await fetch(`${rig.origin}/languages`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await languages.json()).toMatchObject({ languages: ['python', 'javascript', 'shell'], files: 3 });
    const [python, javascript, shell] = await Promise.all([
      rig.run({ language: 'python', code: 'import sys; print(sys.stdin.read()); sys.exit(3)', stdin: 'ä' }),
      rig.run({
        language: 'javascript',
        code: 'import fs from "node:fs"; console.error(fs.readFileSync(0, "utf8")); process.exitCode = 4',
        stdin: 'ö',
      }),
      rig.run({ language: 'shell', code: 'cat; printf out; [[ 1 == 1 ]] && exit 5', stdin: 'ü' }),
    ]);
    expect(python).toMatchObject({
      stdout: 'ä\n',
      stderr: '',
      end: { exit_code: 3, signal: null, cause: 'exit' },
    });
    expect(javascript).toMatchObject({ stdout: '', stderr: 'ö\n', end: { exit_code: 4 } });
    expect(shell).toMatchObject({ stdout: 'üout', end: { exit_code: 5 } });
    expect(new Set(python.events.map(({ type }) => type))).toEqual(new Set(['started', 'output', 'end']));
    expect(python.events.at(-1)).toBe(python.end);
    expect(python.events[0]).toEqual({ type: 'started', backend });
  });

  test('output comes while the program runs', async () => {
    let wasRunning = false;
    const stop = new AbortController();
    const run = rig.run(
      { language: 'python', code: 'print("first"); import time; time.sleep(600)' },
      {
        signal: stop.signal,
        onEvent(event) {
          wasRunning ||= event.type === 'output' && event.text.startsWith('first');
          if (wasRunning) stop.abort();
        },
      },
    );
    await expect(run).rejects.toThrow();
    expect(wasRunning).toBe(true);
  });

  test('files go in; what is new or changed comes back, within its bounds', async () => {
    const code = `
      const fs = require('node:fs');
      const text = fs.readFileSync('data/in.txt', 'utf8');
      fs.mkdirSync('out/deep', { recursive: true });
      fs.writeFileSync('out/deep/upper.txt', text.toUpperCase());
      fs.writeFileSync('data/changed.txt', 'after');
      fs.writeFileSync('large.bin', Buffer.alloc(2000));
      for (const name of ['x', 'y', 'z']) fs.writeFileSync(name, name);
    `;
    const files = [
      { path: 'data/in.txt', content: base64('grüße') },
      { path: 'data/changed.txt', content: base64('before') },
    ];
    const { files: back, end } = await rig.run({ language: 'javascript', code, files });
    expect(Object.keys(back)).toHaveLength(3);
    const leftOut = end?.left_out ?? [];
    expect([...Object.keys(back), ...leftOut].toSorted()).toEqual([
      'data/changed.txt',
      'large.bin',
      'out/deep/upper.txt',
      'x',
      'y',
      'z',
    ]);
    expect(leftOut).toContain('large.bin');
    for (const [path, text] of Object.entries(back))
      expect([path, text]).toEqual([
        path,
        { 'data/changed.txt': 'after', 'out/deep/upper.txt': 'GRÜSSE' }[path] ?? path,
      ]);
  });

  test('a program that is ended while its sandbox is made leaves nothing', async () => {
    await using one = await disposable(startExec(backend, { EXEC_SLOTS: '1', EXEC_WAITING: '0' }));
    for (let round = 0; round < 10; round += 1) {
      const stop = new AbortController();
      const run = one.rig.run(
        { language: 'shell', code: 'sleep 4716.25' },
        { signal: stop.signal, onEvent: () => stop.abort() },
      );
      await expect(run).rejects.toThrow();
      const isFree = async () => (await one.rig.run({ language: 'shell', code: '' })).status;
      await expect.poll(isFree).toBe(200);
    }
    // Of this service: others on this machine may run programs, too.
    expect(await processesWith(`switchyard-run:${process.pid}:`)).toEqual([]);
  });

  test('a command runs in place of the code; a signal is told by its name', async () => {
    const files = [{ path: 'tool.py', content: base64('import sys; print(sys.argv[1:])') }];
    const run = await rig.run({ language: 'python', command: ['python3', 'tool.py', 'a b', '$HOME'], files });
    expect(run).toMatchObject({ stdout: "['a b', '$HOME']\n", end: { exit_code: 0 } });
    expect(await rig.run({ language: 'shell', code: 'kill -SEGV $$' })).toMatchObject({
      end: { exit_code: null, signal: 'SIGSEGV', cause: 'exit' },
    });
    const missing = await rig.run({ language: 'shell', command: ['no-such-program'] });
    expect(missing.end?.exit_code).toBe(127);
  });

  test('what is asked for beyond the limits gets the limits', async () => {
    await using short = await disposable(startExec(backend, { EXEC_TIMEOUT: '300ms' }));
    const { end } = await short.rig.run({
      language: 'python',
      code: 'while True: pass',
      limits: { timeout_ms: 600_000 },
    });
    expect(end).toMatchObject({ exit_code: null, signal: 'SIGKILL', cause: 'timeout' });
  });
});

async function disposable(starting: Promise<ExecRig>) {
  const rig = await starting;
  return { rig, [Symbol.asyncDispose]: () => rig.stop() };
}

describe('who asks', () => {
  test('without the token nothing is answered but health', async () => {
    await using service = await disposable(startExec('bwrap'));
    const { origin, run } = service.rig;
    expect((await run({ language: 'shell', code: '' }, { token: `${TOKEN}x` })).status).toBe(401);
    expect((await fetch(`${origin}/languages`)).status).toBe(401);
    const health = await fetch(`${origin}/health/ready`);
    expect([health.status, await health.json()]).toEqual([
      200,
      {
        status: 'ok',
        service: 'exec',
        detail: { backend: 'bwrap', languages: ['python', 'javascript', 'shell'] },
      },
    ]);
    for (const EXEC_TOKEN of ['', 'short'])
      await expect(startExec('bwrap', { EXEC_TOKEN })).rejects.toThrow('EXEC_TOKEN');
  });

  test.each([
    [{ language: 'ruby', code: '' }, 'language'],
    [{ language: 'shell' }, 'body'],
    [{ language: 'shell', code: '', files: [{ path: '../a', content: '' }] }, 'files.0.path'],
    [{ language: 'shell', code: '', files: [{ path: 'a', content: '%' }] }, 'files.0.content'],
    [{ language: 'shell', command: ['a\0b'] }, 'command.0'],
    [{ language: 'shell', code: '', limits: { timeout_ms: 0 } }, 'limits.timeout_ms'],
    [{ language: 'shell', code: '', root: true }, 'body'],
  ])('%j is refused and says where', async (body, field) => {
    await using service = await disposable(startExec('bwrap'));
    expect(await service.rig.run(body as never)).toMatchObject({
      status: 400,
      body: { detail: { error_type: 'request.invalid', field } },
    });
  });

  test('too much is refused', async () => {
    await using service = await disposable(
      startExec('bwrap', {
        EXEC_MAX_REQUEST: '10KiB',
        EXEC_DISK: '4KiB',
        EXEC_SLOTS: '1',
        EXEC_WAITING: '0',
      }),
    );
    const { run } = service.rig;
    const large = (bytes: number) => ({ path: 'a', content: base64('x'.repeat(bytes)) });
    const withFile = (bytes: number) => run({ language: 'shell', code: '', files: [large(bytes)] });
    expect([(await withFile(5000)).status, (await withFile(20_000)).status]).toEqual([413, 413]);
    const twice = [large(1), large(1)];
    expect((await run({ language: 'shell', code: '', files: twice })).status).toBe(400);

    const stop = new AbortController();
    const running = new Promise<void>((resolve, reject) => {
      run(
        { language: 'shell', code: 'echo; sleep 600' },
        { signal: stop.signal, onEvent: () => resolve() },
      ).catch(reject);
    });
    await running;
    expect(await run({ language: 'shell', code: '' })).toMatchObject({
      status: 503,
      body: { detail: { error_type: 'unavailable', retry_after: 1 } },
    });
    stop.abort();
    await expect.poll(async () => (await run({ language: 'shell', code: 'exit 0' })).status).toBe(200);
  });

  test('no body of any route reaches a prototype, or is answered with the inside', async () => {
    await using service = await disposable(startExec('bwrap', { EXEC_BWRAP_PATH: 'bwrap' }));
    const { tried, wrong } = await tryHostileBodies({
      origin: service.rig.origin,
      headers: { authorization: `Bearer ${TOKEN}` },
      scope: { tenant: 'demo', project: 'main' },
    });
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(20);
  }, 120_000);
});

describe('where nothing can hold a program', () => {
  const NONE = { EXEC_BWRAP_PATH: '/nonexistent/bwrap', EXEC_ENGINE: '' };

  test('auto starts, offers no language and refuses', async () => {
    await using service = await disposable(startExec('auto', NONE));
    expect(await service.rig.run({ language: 'shell', code: '' })).toMatchObject({
      status: 503,
      body: { detail: { error_type: 'capability_unavailable' } },
    });
    const offer = await fetch(`${service.rig.origin}/languages`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await offer.json()).toMatchObject({ languages: [] });
  });

  test.each(['bwrap', 'container'])('%s by name does not start', async (backend) => {
    const config = loadConfig(settings, execEnv(backend, NONE), 'exec');
    await expect(start(config, silentLog)).rejects.toMatchObject({ code: 'CONFIG' });
  });
});
