import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Deadline } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { describeFailure } from './host-failure.ts';
import { isAlive, record, startRunner, until, versionOf, zoo } from '../test/runner-fixture.ts';
import { startable } from '../test/startable-levels.ts';

const bystander = versionOf('bystander');

test('an idle host is closed, and its bundle starts again at the next call', async () => {
  await using runner = await startRunner({ idleTtlMs: 200 });
  await runner.invoke(zoo, record('stream 1'));
  const [first] = runner.snapshot();
  await until(() => runner.snapshot().length === 0);
  expect(isAlive(first?.pid ?? 0)).toBe(false);
  await runner.invoke(zoo, record('stream 1'));
  expect(runner.snapshot()[0]?.pid).not.toBe(first?.pid);
});

test('over maxHosts the longest idle one makes room; with none idle the call is refused', async () => {
  await using runner = await startRunner({ maxHosts: 2 });
  await runner.invoke(versionOf('zoo', 'old'), record('stream 1'));
  const busy = record('wait');
  const running = runner.invoke(zoo, busy).catch((error: unknown) => error);
  await busy.begun;
  await runner.invoke(bystander, record('hello'));
  await until(() => runner.snapshot().every((host) => host.versionId !== 'zoo__test__old'));
  const second = runner.invoke(bystander, record('hello'));
  await until(() => runner.snapshot().filter((host) => host.state === 'busy').length === 2);
  await expect(runner.invoke(versionOf('zoo', 'third'), record('stream 1'))).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
  });
  await second;
  busy.controller.abort();
  await running;
});

test('a bundle that never ends its onPropsChanged holds nobody up, and its next host has what is set', async () => {
  await using runner = await startRunner({ propsMs: 300 });
  const slow = versionOf('never-changes');
  const before = record('say');
  await runner.invoke(slow, before);
  expect(before.answer()).toBe('first');
  const refused = await runner.setProps('never-changes', { word: 'second' }).catch((error: unknown) => error);
  expect(describeFailure(refused)).toMatch(/onPropsChanged did not end within 300 ms/);
  const after = record('say');
  await runner.invoke(slow, after);
  expect(after.answer()).toBe('second');
});

test('retire lets running turns end on their host and sends new ones to a fresh one', async () => {
  await using runner = await startRunner();
  const answered = Promise.withResolvers<null>();
  const old = record('ask', { onCall: () => answered.promise });
  const running = runner.invoke(zoo, old);
  await old.begun;
  const first = runner.snapshot()[0];
  runner.retire(zoo.versionId);
  expect(runner.snapshot()[0]).toMatchObject({ pid: first?.pid, state: 'draining', running: 1 });
  await runner.invoke(zoo, record('stream 1'));
  expect(runner.snapshot().map((host) => host.pid)).toHaveLength(2);
  answered.resolve(null);
  await running;
  expect(old.answer()).toBe('[]');
  await until(() => !isAlive(first?.pid ?? 0));
  expect(runner.snapshot()).toHaveLength(1);
});

test('a host that is done and gone does not fail what is still being taken of it', async () => {
  await using runner = await startRunner();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const turn = record('pause 1', { onEvent: () => opened });
  const running = runner.invoke(zoo, turn);
  await until(() => runner.snapshot()[0]?.state === 'busy');
  const pid = runner.snapshot()[0]?.pid ?? 0;
  runner.retire(zoo.versionId);
  await until(() => !isAlive(pid) && runner.snapshot().length === 0);
  open();
  expect(await running).toEqual({ final_answer: '[]' });
});

test('what waits for a place moves to the fresh host when its own is retired', async () => {
  await using runner = await startRunner({ hostConcurrency: 1 });
  const holder = record('x', {});
  const first = runner.invoke(bystander, holder);
  const second = record('y');
  const waiting = runner.invoke(bystander, second);
  await holder.begun;
  expect(runner.snapshot()[0]).toMatchObject({ running: 1, waiting: 1 });
  runner.retire(bystander.versionId);
  await Promise.all([first, waiting]);
  expect(second.answer()).toBe('01234');
});

test('waiting is bounded in number and in time', async () => {
  await using runner = await startRunner({ hostConcurrency: 1, maxWaiting: 1, waitMs: 150 });
  await runner.inspect(bystander);
  // Each takes one answer and holds it open until its taker lets go.
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const holder = record('x', { onEvent: () => opened });
  const first = runner.invoke(bystander, holder);
  const waiting = runner.invoke(bystander, record('y')).catch((error: unknown) => error);
  await until(() => runner.snapshot()[0]?.waiting === 1);
  await expect(runner.invoke(bystander, record('z'))).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
    retryAfterSec: 1,
  });
  expect(await waiting).toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  open();
  await first;
});

test('a bundle that does not hear the cancel loses its host, its neighbours end in peace', async () => {
  await using runner = await startRunner({ cancelGraceMs: 150 });
  const answered = Promise.withResolvers<null>();
  const neighbour = record('ask', { onCall: () => answered.promise });
  const deaf = record('deaf');
  const running = runner.invoke(zoo, neighbour);
  const stopped = runner.invoke(zoo, deaf).catch((error: unknown) => error);
  await Promise.all([neighbour.begun, deaf.begun]);
  const pid = runner.snapshot()[0]?.pid ?? 0;
  deaf.controller.abort();
  expect(await stopped).toMatchObject({ code: 'CANCELLED' });
  await until(() => runner.snapshot()[0]?.state === 'draining');
  await runner.invoke(zoo, record('stream 1'));
  answered.resolve(null);
  await running;
  expect(neighbour.answer()).toBe('[]');
  await until(() => !isAlive(pid));
});

test('a turn that failed on its own terms is held to its end like a cancelled one', async () => {
  await using runner = await startRunner({ cancelGraceMs: 100 });
  const refused = record('deaf', { onEvent: () => Promise.reject(new Error('fenced off')) });
  await expect(runner.invoke(zoo, refused)).rejects.toMatchObject({ code: 'CANCELLED' });
  await until(() => runner.snapshot().length === 0);
});

test('a bundle is given the memory that it declares, already by the inspect that reads it', async () => {
  await using runner = await startRunner({ maxMemoryMb: 160 });
  const flags = async (version = versionOf('modest')) =>
    ((await runner.invoke(version, record('flags'))) as { flags: string[] }).flags;
  await runner.inspect(versionOf('modest'));
  expect(await flags()).toContain('--max-old-space-size=96');
  process.kill(runner.snapshot().find((host) => host.state === 'ready')?.pid ?? 0, 'SIGKILL');
  await until(() => runner.snapshot().every((host) => host.state !== 'ready'));
  expect(await flags()).toContain('--max-old-space-size=96');
  expect(await flags({ ...versionOf('modest', '2'), limits: { memoryMb: 500 } })).toContain(
    '--max-old-space-size=160',
  );
});

test.each(startable(['none', 'permission', 'bwrap']))(
  'stop ends all in order at level %s; no child is left',
  async (sandbox) => {
    const runner = await startRunner({ sandbox });
    const turn = record('pause 200');
    const running = runner.invoke(zoo, turn);
    const stuck = record('deaf');
    const interrupted = runner.invoke(versionOf('zoo', 'other'), stuck).catch((error: unknown) => error);
    await Promise.all([turn.begun, stuck.begun]);
    const pids = runner.snapshot().map((host) => host.pid);
    const stopping = runner.stop(Deadline.in(3000));
    await expect(runner.invoke(zoo, record('stream 1'))).rejects.toMatchObject({ code: 'DRAINING' });
    await running;
    await stopping;
    expect(turn.answer()).toBe('[]');
    expect(await interrupted).toMatchObject({ code: 'TURN_INTERRUPTED' });
    expect(runner.snapshot()).toEqual([]);
    await until(() => pids.every((pid) => !isAlive(pid)));
  },
);

test.each([['permission', 'wait'], ...startable(['permission', 'bwrap']).map((level) => [level, 'loop'])])(
  'at level %s no host outlives a killed parent, not even one in "%s"',
  async (sandbox, message) => {
    const parent = fork(join(import.meta.dirname, '../test/parent-program.ts'), [sandbox, message], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [pids] = (await once(parent, 'message')) as [number[]];
    expect(pids.every(isAlive)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await until(() => pids.every((pid) => !isAlive(pid)));
  },
);

test(
  'a host whose platform falls silent ends itself while it works, and stays when idle',
  { timeout: 120_000 },
  async () => {
    const program = join(import.meta.dirname, '../test/parent-program.ts');
    for (const [message, survives] of [
      ['wait', false],
      ['idle', true],
    ] as const) {
      const parent = fork(program, ['permission', message, '600'], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const [pids] = (await once(parent, 'message')) as [number[]];
      parent.kill('SIGSTOP');
      const began = performance.now();
      // A child of a stopped parent stays as a zombie: it is over when it has no memory left.
      await until(async () => (await isOver(pids[0] ?? 0)) || performance.now() - began > 2500);
      expect(await isOver(pids[0] ?? 0)).toBe(!survives);
      parent.kill('SIGKILL');
      await once(parent, 'exit');
      await until(() => pids.every((pid) => !isAlive(pid)));
    }
  },
);

async function isOver(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
  return /\) [ZX]/.test(stat);
}
