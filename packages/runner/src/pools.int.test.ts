import { globSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startable } from '../test/startable-levels.ts';
import { record, startRunner, turnPayload, until, versionOf, zoo } from '../test/runner-fixture.ts';

const worker = versionOf('worker');
const user = turnPayload('').user;
const operation = (name: string) => record('', { kind: 'operation', name, payload: { user } });

test('a version that computes gets more processes as it is asked, and no more than it says', async () => {
  await using runner = await startRunner();
  await runner.inspect(worker);
  const controller = new AbortController();
  const turns = Array.from({ length: 5 }, () => record('600000', { signal: controller.signal }));
  const running = turns.map((turn) => runner.invoke(worker, turn).catch((error: unknown) => error));
  await until(() => runner.snapshot().filter(({ running: busy }) => busy === 1).length === 3);
  expect(runner.snapshot()).toHaveLength(3);
  expect(runner.snapshot().reduce((sum, host) => sum + host.waiting, 0)).toBe(2);
  controller.abort();
  await Promise.all(running);
});

test('a line of operations does not hold up a turn', async () => {
  await using runner = await startRunner();
  const version = { ...worker, limits: { instances: 1 } };
  const first = record('300');
  const holding = runner.invoke(version, first);
  await first.begun;
  let served = 0;
  const flood = Array.from({ length: 100 }, async () => {
    await runner.invoke(version, operation('who'));
    served += 1;
  });
  await until(() => (runner.snapshot()[0]?.waiting ?? 0) === 100);
  await runner.invoke(version, record('1'));
  expect(served).toBeLessThan(50);
  await Promise.all([holding, ...flood]);
});

test('the pool of all hosts is bounded, and one pool does not stand in the way of another', async () => {
  const slots = { turn: 1, operation: 1, web: 1, job: 1, predict: 1 };
  await using runner = await startRunner({ slots, waitMs: 200 });
  const turn = record('wait');
  const running = runner.invoke(zoo, turn).catch((error: unknown) => error);
  await turn.begun;
  await expect(runner.invoke(versionOf('bystander'), record('hello'))).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
    message: 'The application is busy.',
  });
  const count = record('', { kind: 'operation', name: 'count', payload: { input: { text: 'four' }, user } });
  expect(await runner.invoke(zoo, count)).toEqual({ output: { characters: 4 } });
  turn.controller.abort();
  await running;
});

test('the slot of all hosts comes back however a turn ends', async () => {
  await using runner = await startRunner({
    slots: { turn: 1, operation: 1, web: 1, job: 1, predict: 1 },
    waitMs: 5000,
    cancelGraceMs: 100,
  });
  const endOf = async (turn: ReturnType<typeof record>) =>
    runner.invoke(zoo, turn).then(
      () => 'ended',
      (error: unknown) => (error as { code?: string }).code,
    );
  const stopped = record('wait');
  void stopped.begun.then(() => stopped.controller.abort());
  expect([await endOf(record('stream 1')), await endOf(stopped)]).toEqual(['ended', 'CANCELLED']);
  expect(await endOf(record('wait', { timeoutMs: 100 }))).toBe('TIMEOUT');
  expect([await endOf(record('exit')), await endOf(record('stream 1'))]).toEqual(['BUNDLE_CRASHED', 'ended']);
});

test('an operation over its own limit ends with it, a turn over that of its caller', async () => {
  await using runner = await startRunner();
  await expect(runner.invoke(worker, operation('slow'))).rejects.toMatchObject({ code: 'TIMEOUT' });
  const turn = record('600000', { timeoutMs: 100 });
  await expect(runner.invoke(worker, turn)).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('props reach hosts that serve and hosts that come; what does not fit is refused', async () => {
  await using runner = await startRunner();
  const say = async () => {
    const turn = record('1');
    await runner.invoke(worker, turn);
    return turn.answer().split(' ')[0];
  };
  expect(await say()).toBe('Hello');
  await runner.setProps('worker', { greeting: 'Hi' });
  expect(await say()).toBe('Hi');
  await expect(runner.setProps('worker', { greeting: 7 })).rejects.toMatchObject({ code: 'BUNDLE_ERROR' });
  expect(await say()).toBe('Hi');
  await runner.setProps('worker', { greeting: 'Hey' });
  runner.retire(worker.versionId);
  expect(await say()).toBe('Hey');
});

test.each(startable(['permission', 'bwrap']))(
  'at level %s a warm host takes a version in, reads it, cannot change it, and another one is started',
  async (sandbox) => {
    await using runner = await startRunner({ warmHosts: 1, sandbox });
    await until(() => runner.warmPids().length === 1);
    expect(runner.snapshot()).toEqual([]);
    const before = (await readdir(join(worker.dir))).length;
    expect(await runner.invoke(worker, operation('self'))).toMatchObject({ output: expect.any(Number) });
    await expect(runner.invoke(worker, operation('rewrite'))).rejects.toMatchObject({ code: 'BUNDLE_ERROR' });
    expect((await readdir(join(worker.dir))).length).toBe(before);
    await until(() => runner.warmPids().length === 1);
    // Another memory limit needs other flags: the host that waits is left alone.
    const [first] = [runner.snapshot().length];
    await runner.invoke({ ...zoo, limits: { memoryMb: 96 } }, record('stream 1'));
    expect(runner.warmPids().length).toBe(1);
    expect(runner.snapshot()).toHaveLength(first + 1);
    // A waiting host that dies is replaced.
    for (const pid of runner.warmPids()) process.kill(pid, 'SIGKILL');
    await until(() => runner.warmPids().length === 0);
    await until(() => runner.warmPids().length === 1);
  },
);

test('a version that comes while the spare process is on its way gets that one, and another is started', async () => {
  const workDir = await mkdtemp(join(tmpdir(), 'switchyard-spare-'));
  await using _cleared = { [Symbol.asyncDispose]: () => rm(workDir, { recursive: true, force: true }) };
  await using runner = await startRunner({ warmHosts: 1, workDir });
  const started = () => globSync(join(workDir, '*/host-*')).length;
  expect({ started: started(), isUp: runner.warmPids().length }).toEqual({ started: 1, isUp: 0 });
  const loading = runner.inspect(versionOf('bystander'));
  expect(started()).toBe(1);
  await loading;
  await until(() => runner.warmPids().length === 1);
  expect(started()).toBe(2);
});
