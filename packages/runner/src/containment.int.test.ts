import { expect, test } from 'vitest';
import { isAlive, record, startRunner, until, versionOf, zoo } from '../test/runner-fixture.ts';
import { startable } from '../test/startable-levels.ts';
import { HostFailure } from './host-failure.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { Runner } from './runner.ts';

const bystander = versionOf('bystander');

/** Turns on the good neighbour, one after the other, until told to stop: none may fail or wait long. */
function watchNeighbour(runner: Runner): { stop(): Promise<{ turns: number; slowestMs: number }> } {
  const over = new AbortController();
  const run = async () => {
    let turns = 0;
    let slowestMs = 0;
    while (!over.signal.aborted) {
      const turn = record('hello');
      const began = performance.now();
      await runner.invoke(bystander, turn);
      slowestMs = Math.max(slowestMs, performance.now() - began);
      expect(turn.answer()).toBe('01234');
      turns += 1;
    }
    return { turns, slowestMs };
  };
  const running = run();
  // Heard by `stop`; a test that failed before it must not leave an unhandled rejection.
  running.catch(() => undefined);
  return {
    stop: () => {
      over.abort();
      return running;
    },
  };
}

interface Case {
  readonly message: string;
  readonly code: string;
  readonly reason: string;
  readonly note?: RegExp;
  readonly config?: Partial<RunnerConfig>;
}

const CASES: readonly Case[] = [
  { message: 'exit 3', code: 'BUNDLE_CRASHED', reason: 'crashed', note: /about to exit/ },
  { message: 'exit 0', code: 'BUNDLE_CRASHED', reason: 'crashed', note: /about to exit/ },
  { message: 'uncaught', code: 'BUNDLE_CRASHED', reason: 'crashed', note: /out of the blue/ },
  { message: 'heap', code: 'BUNDLE_CRASHED', reason: 'crashed', note: /heap/, config: { memoryMb: 64 } },
  {
    message: 'buffers',
    code: 'BUNDLE_CRASHED',
    reason: 'memory',
    config: { memoryMb: 64, rssHeadroomMb: 128 },
  },
  { message: 'loop', code: 'BUNDLE_BLOCKED', reason: 'blocked', config: { blockedMs: 800, pingMs: 200 } },
  { message: 'garbage', code: 'BUNDLE_CRASHED', reason: 'protocol' },
  {
    message: 'forged {"v":1,"kind":"result","id":1,"error":null}',
    code: 'BUNDLE_CRASHED',
    reason: 'protocol',
  },
  {
    message: 'forged {"v":1,"kind":"event","id":1,"bytes":-9,"event":{}}',
    code: 'BUNDLE_CRASHED',
    reason: 'protocol',
  },
  { message: 'forged {"v":1,"kind":"__proto__","id":1}', code: 'BUNDLE_CRASHED', reason: 'protocol' },
  { message: 'forged {"v":2,"kind":"pong","id":1}', code: 'BUNDLE_CRASHED', reason: 'protocol' },
  { message: 'pongs', code: 'BUNDLE_CRASHED', reason: 'protocol', config: { maxMessagesPerSecond: 20_000 } },
  { message: 'longframe', code: 'BUNDLE_CRASHED', reason: 'protocol' },
  {
    message: 'longline',
    code: 'BUNDLE_CRASHED',
    reason: 'protocol',
    config: { maxMessageBytes: 1024 * 1024 },
  },
];

test.each(CASES)(
  '"$message" takes only its own host down',
  async ({ message, code, reason, note, config = {} }) => {
    // A heap fills slowly on a machine that is busy, and its host is silent meanwhile.
    await using runner = await startRunner({ blockedMs: 60_000, ...config });
    await runner.inspect(bystander);
    const neighbour = watchNeighbour(runner);
    const beside = record('wait');
    const besideAnswer = runner.invoke(zoo, beside).catch((error: unknown) => error);
    await beside.begun;
    const pid = runner.snapshot().find((host) => host.bundleId === 'zoo')?.pid ?? 0;

    const failure = await runner.invoke(zoo, record(message)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, cause: { reason } });
    expect(await besideAnswer).toMatchObject({ code });
    const cause =
      failure instanceof Error && failure.cause instanceof HostFailure ? failure.cause : undefined;
    if (note !== undefined) expect(cause?.lastLines.join('\n')).toMatch(note);

    expect(isAlive(pid)).toBe(false);
    const { turns } = await neighbour.stop();
    expect(turns).toBeGreaterThan(0);
    // The bundle itself serves again, in a new process.
    const again = record('stream 2');
    await runner.invoke(zoo, again);
    expect(again.answer()).toBe('0,1,');
  },
);

test.each(startable(['permission', 'bwrap']))(
  'SIGKILL from outside is noticed at once at level %s',
  async (sandbox) => {
    await using runner = await startRunner({ sandbox });
    const turn = record('wait');
    const answer = runner.invoke(zoo, turn).catch((error: unknown) => error);
    await turn.begun;
    const began = performance.now();
    process.kill(runner.snapshot()[0]?.pid ?? 0, 'SIGKILL');
    expect(await answer).toMatchObject({
      code: 'BUNDLE_CRASHED',
      cause: { signal: 'SIGKILL', exitCode: null },
    });
    // Far from the ten seconds of a missed heartbeat; how much less than that is a figure, not a test.
    expect(performance.now() - began).toBeLessThan(3000);
  },
);

test('five crashes in a minute switch the bundle off, and no other', async () => {
  await using runner = await startRunner({ breakerOpenMs: 600 });
  for (let crash = 0; crash < 5; crash += 1) {
    await expect(runner.invoke(zoo, record('exit 1'))).rejects.toMatchObject({ code: 'BUNDLE_CRASHED' });
  }
  await expect(runner.invoke(zoo, record('stream 1'))).rejects.toMatchObject({
    code: 'BUNDLE_UNAVAILABLE',
    retryAfterSec: 1,
  });
  const other = record('hello');
  await runner.invoke(bystander, other);
  expect(other.answer()).toBe('01234');
  await until(() =>
    runner.invoke(zoo, record('stream 1')).then(
      () => true,
      () => false,
    ),
  );
});

test('one crash is answered by a start without delay, more of them with a growing one', async () => {
  await using runner = await startRunner();
  const delays: number[] = [];
  for (let crash = 0; crash < 4; crash += 1) {
    await runner.invoke(zoo, record('exit 1')).catch(() => undefined);
    const began = performance.now();
    await runner.invoke(zoo, record('stream 1'));
    delays.push(performance.now() - began);
  }
  expect(delays[3]).toBeGreaterThan(400);
});
