import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BACKENDS, execEnv, processesWith, runnerAt } from '../test/exec-rig.ts';
import type { ExecRig } from '../test/exec-rig.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** The service as a process of its own, that can be killed. */
async function launch(
  backend: string,
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; run: ExecRig['run'] }> {
  const child = fork(MAIN, [], {
    env: { PATH: process.env['PATH'], ...execEnv(backend, env) },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
    const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
    if (msg !== 'listening') continue;
    child.stdout?.resume();
    return { child, run: runnerAt(`http://127.0.0.1:${port}`) };
  }
  throw new Error('the service did not start');
}

/** A run of a shell program that has printed something: its end, or that it was broken off. */
async function begin(
  run: ExecRig['run'],
  code: string,
  signal?: AbortSignal,
): Promise<{ ended: Promise<string> }> {
  const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
  const ended = run(
    { language: 'shell', code },
    {
      ...(signal === undefined ? {} : { signal }),
      onEvent: (event) => void (event.type === 'output' && resolve()),
    },
  ).then(
    ({ end, stdout }) => `${end?.cause ?? 'no end'}: ${stdout}`,
    () => 'broken off',
  );
  void ended.then((how) => reject(new Error(`it did not begin: ${how}`)));
  await begun;
  return { ended };
}

describe.each(BACKENDS)('in %s', (backend) => {
  test('a program ends with the client that asked for it', async () => {
    const { run } = await launch(backend, { EXEC_SLOTS: '1' });
    const stop = new AbortController();
    const { ended } = await begin(run, 'echo begun; sleep 4712.25', stop.signal);
    await expect.poll(async () => (await processesWith('sleep 4712.25')).length).toBeGreaterThan(0);
    stop.abort();
    expect(await ended).toBe('broken off');
    await expect.poll(() => processesWith('sleep 4712.25')).toEqual([]);
    // Its place is free again.
    await expect.poll(async () => (await run({ language: 'shell', code: '' })).status).toBe(200);
  });

  test('a killed service leaves no program behind', async () => {
    const { child, run } = await launch(backend);
    const { ended } = await begin(run, 'setsid sleep 4713.25 & echo begun; sleep 4713.5');
    await expect.poll(async () => (await processesWith('sleep 4713.')).length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    expect(await ended).toBe('broken off');
    // A container sleeps on until the next start of a service takes it away.
    if (backend === 'container') await launch(backend);
    await expect.poll(() => processesWith('sleep 4713.'), { timeout: 30_000 }).toEqual([]);
  });

  test('at a stop a program may end; what takes longer is ended', async () => {
    const { child, run } = await launch(backend, { EXEC_DRAIN: '2s' });
    const short = await begin(run, 'echo begun; sleep 0.5; echo done');
    const long = await begin(run, 'echo begun; sleep 4714.25');
    child.kill('SIGTERM');
    expect(await short.ended).toBe('exit: begun\ndone\n');
    expect(await long.ended).toBe('broken off');
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    await expect.poll(() => processesWith('sleep 4714.25')).toEqual([]);
  });
});
