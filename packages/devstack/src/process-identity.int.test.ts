import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { endProcess, identify, isAlive, signalProcess } from './process-identity.ts';

test('a process is known by pid and start time, and gone after its end', async () => {
  const child = spawn('sleep', ['60']);
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error('the child has no identity');
  expect(isAlive(identity)).toBe(true);
  await endProcess(identity, 'SIGTERM', 5_000);
  expect(isAlive(identity)).toBe(false);
});

test('a process that took over the pid is never signalled', async () => {
  const child = spawn('sleep', ['60']);
  const foreign = { pid: child.pid ?? 0, startedAt: 'another start' };
  expect(isAlive(foreign)).toBe(false);
  expect(signalProcess(foreign, 'SIGKILL')).toBe(false);
  await endProcess(foreign, 'SIGKILL', 100);
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('one that ignores the signal is killed after the grace time', async () => {
  const child = spawn(process.execPath, [
    '-e',
    "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1e6)",
  ]);
  await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error('the child has no identity');
  const exited = once(child, 'exit');
  await endProcess(identity, 'SIGTERM', 100);
  expect((await exited)[1]).toBe('SIGKILL');
});
