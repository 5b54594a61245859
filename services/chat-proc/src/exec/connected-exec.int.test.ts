import { execFile, spawnSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { Scope } from '@switchyard/kernel';
import { startModelServer } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { ASSISTANT_DIR, answerOf, procTest } from '../../test/proc-rig.ts';
import { startExec } from '../../test/start-exec.ts';
import { startSecrets } from '../../test/start-secrets.ts';

const CODER_DIR = path.join(import.meta.dirname, '../../test/bundles/coder');
const KEY = 'sk-live-0123456789';

const test = procTest.extend<{ opened: Scope; call: (settings?: Record<string, string>) => Promise<Call> }>({
  opened: async ({ task: _task }, use) => {
    const scope = new Scope();
    await use(scope);
    await scope.close();
  },
  /** A worker with the bundle, and how its operations are called. */
  call: async ({ rig, redis }, use) => {
    await rig.ship(CODER_DIR);
    const token = await rig.token('privileged');
    await use(async (settings = {}) => {
      const { port } = await rig.start({ defaultBundle: 'coder', ...settings });
      return async (address, body = {}) => {
        const whole = address.startsWith('/')
          ? address
          : `/api/integrations/bundles/${redis.tenant}/${redis.project}/coder/operations/${address}`;
        const response = await fetch(`http://127.0.0.1:${port}${whole}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const answer = (await response.json()) as Record<string, Record<string, unknown>>;
        return Object.hasOwn(answer, address) ? answer[address] : answer;
      };
    });
  },
});
type Call = (address: string, body?: object) => Promise<Record<string, unknown> | undefined>;

const running = async (word: string): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => line.includes(word));
};

const canHold = spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true']).status === 0;

test('without the service nothing is offered and nothing runs; with an address alone no worker starts', async ({
  call,
  rig,
}) => {
  const ask = await call();
  expect(await ask('offer')).toBeNull();
  expect(await ask('run', { language: 'shell', code: '' })).toEqual({ code: 'capability_unavailable' });
  await expect(rig.start({ execUrl: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'CONFIG' });
});

test('a service that does not answer is unavailable; one that can hold nothing offers nothing', async ({
  call,
  opened,
}) => {
  const { stop, ...at } = await startExec(opened, { EXEC_BWRAP_PATH: '/nonexistent/bwrap' });
  const ask = await call(at);
  expect(await ask('offer')).toBeNull();
  expect(await ask('run', { language: 'shell', code: '' })).toEqual({ code: 'capability_unavailable' });
  await stop();
  for (const isHeard of [false, true])
    expect(await ask('run', { language: 'shell', code: '', isHeard })).toEqual({ code: 'unavailable' });
});

// Where bubblewrap does not start there is nothing to run programs in, and the suite is not there.
describe.each(canHold ? ['bwrap'] : [])('with a service that holds programs in %s', () => {
  test('programs run, whole and heard, with files both ways', async ({ call, opened }) => {
    const { stop: _stop, ...at } = await startExec(opened);
    const ask = await call(at);
    expect(await ask('offer')).toMatchObject({
      languages: expect.arrayContaining(['python', 'shell']) as unknown,
    });
    const code = 'echo one; echo two >&2; echo made > made.txt; ln -s made.txt link; exit 3';
    const ended = {
      exit_code: 3,
      signal: null,
      cause: 'exit',
      timed_out: false,
      stdout: 'one\n',
      stderr: 'two\n',
      left_out: ['link'],
      files: [['made.txt', 'made\n']],
    };
    expect(await ask('run', { language: 'shell', code })).toMatchObject({ ...ended, heard: [] });
    const heard = await ask('run', { language: 'shell', code, isHeard: true });
    expect(heard).toMatchObject(ended);
    expect(new Set(heard?.['heard'] as string[])).toEqual(new Set(['stderr: two\n', 'stdout: one\n']));
    const slow = { language: 'shell', code: 'echo begun; sleep 600', timeoutMs: 500 };
    for (const isHeard of [false, true])
      expect(await ask('run', { ...slow, isHeard })).toMatchObject({
        exit_code: null,
        signal: 'SIGKILL',
        cause: 'timeout',
        timed_out: true,
        stdout: 'begun\n',
      });
  });

  test('what a program prints of a secret is masked before the bundle has it', async ({
    call,
    opened,
    redis,
  }) => {
    const { stop: _stop, ...at } = await startExec(opened);
    const ask = await call({ ...at, ...(await startSecrets(opened, redis)) });
    await ask('/admin/integrations/bundles/coder/secrets', { set: { api_key: KEY } });
    const code =
      'printf "the key: "; head -c 5 key.txt; sleep 0.2; tail -c +6 key.txt; echo; cat key.txt >&2';
    for (const isHeard of [false, true])
      expect(await ask('run', { language: 'shell', code, isHeard, isSecret: true })).toMatchObject({
        stdout: 'the key: ***\n',
        stderr: '***',
        hasKey: false,
        files: [],
      });
  });

  test('a program ends with the call that asked for it', async ({ call, opened }) => {
    const { stop: _stop, ...at } = await startExec(opened);
    const ask = await call(at);
    const ended = ask('brief', { language: 'shell', code: 'sleep 4715.25' });
    await expect.poll(async () => (await running('4715.25')).length).toBeGreaterThan(0);
    expect(await ended).toMatchObject({ detail: { error_type: 'timeout' } });
    await expect.poll(() => running('4715.25')).toEqual([]);
  });

  test('the assistant runs what its model wrote: the step has program and output, its file is one of the answer', async ({
    rig,
    opened,
  }) => {
    await promisify(execFile)('npm', ['run', 'build'], { cwd: ASSISTANT_DIR });
    await using server = await startModelServer({ apiKey: 'sk-test' });
    const { stop: _stop, ...at } = await startExec(opened);
    const code = 'print(6 * 7)\nopen("table.csv", "w").write("a,b")';
    server.script(
      { toolCalls: [{ name: 'run_code', input: { language: 'python', code } }] },
      { text: 'It is 42.' },
    );
    await rig.ship(ASSISTANT_DIR);
    await rig.start({
      ...at,
      defaultBundle: 'assistant',
      modelBaseUrl: `${server.url}/v1`,
      modelName: 'small-1',
      modelApiKey: 'sk-test',
    });
    const ack = await rig.say('What is 6 * 7?', { bundleId: 'assistant' });
    expect(answerOf(await rig.ended(ack))).toBe('It is 42.');
    expect(server.requests[1]?.body.messages.at(-1)?.content).toBe(
      '(exit code 0)\nOutput:\n42\n\nFiles that the user got: table.csv',
    );
    const { answer } = await rig.row(ack.turn_id);
    const step = answer?.steps.find(({ name }) => name === 'run_code-1');
    expect(step).toMatchObject({ status: 'completed', data: { language: 'python', code } });
    expect(step?.data?.['output']).toContain('42');
    expect(answer?.files).toMatchObject([{ filename: 'table.csv', mime: 'text/csv', size: 3 }]);
  }, 120_000);
});
