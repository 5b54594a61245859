import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { killAbandoned, runMark } from './marked-processes.ts';

/** No process has it: numbers end at four millions. */
const NOBODY = 999_999_999;

function start(mark: string) {
  const child = spawn('/bin/sh', ['-c', 'read line', mark], { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

test('what a service that is gone left behind is ended, what another one runs is not', async () => {
  const [abandoned, running] = [start(runMark(NOBODY, 'one')), start(runMark(process.pid, 'two'))];
  await Promise.all([once(abandoned, 'spawn'), once(running, 'spawn')]);
  const ended = once(abandoned, 'exit');
  await killAbandoned();
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect([running.exitCode, running.signalCode]).toEqual([null, null]);
});
