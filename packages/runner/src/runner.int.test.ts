import { PlatformError, sleep } from '@switchyard/kernel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { record, startRunner, turnPayload, until, versionOf, zoo } from '../test/runner-fixture.ts';
import { describeFailure } from './host-failure.ts';

// One runner for all: what these tests do to a host leaves it whole.
let runner: Awaited<ReturnType<typeof startRunner>>;
beforeAll(async () => {
  runner = await startRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe('inspect', () => {
  test('reads the manifest in the process that will serve', async () => {
    const manifest = await runner.inspect(zoo);
    expect(manifest).toMatchObject({
      v: 1,
      id: 'zoo',
      hasTurns: true,
      secrets: ['ZOO_KEY'],
      limits: { concurrency: 200 },
    });
    expect(manifest.operations['count']).toMatchObject({
      method: 'POST',
      allow: 'registered',
      input: { type: 'object', required: ['text'] },
    });
    expect(manifest.schedules).toEqual({ tidy: { cron: '0 3 * * *' } });
    const [host] = runner.snapshot();
    await runner.invoke(zoo, record('stream 1'));
    expect(runner.snapshot().map(({ pid }) => pid)).toEqual([host?.pid]);
  });

  test.each([
    ['throws-at-load', /bad at heart/],
    ['no-bundle', /must export the result of defineBundle/],
    ['bad-definition', /definition is not valid/],
  ])('%s: the author is told why, a user is not', async (bundleId, why) => {
    const failure = await runner.inspect(versionOf(bundleId)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'BUNDLE_ERROR',
      message: 'The application failed while answering.',
    });
    expect(describeFailure(failure)).toMatch(why);
    await until(() => runner.snapshot().every((host) => host.bundleId !== bundleId));
  });

  test('a top-level await for ever ends with the start limit', async () => {
    await using short = await startRunner({ startMs: 600 });
    const failure = await short.inspect(versionOf('hangs-at-load')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
    expect(describeFailure(failure)).toMatch(/did not finish loading within 600 ms/);
  });
});

describe('a turn', () => {
  test('streams its deltas in order and returns them as final_answer', async () => {
    const turn = record('stream 2000');
    const result = await runner.invoke(zoo, turn);
    const expected = Array.from({ length: 2000 }, (_, index) => `${index},`).join('');
    expect(turn.answer()).toBe(expected);
    expect(result).toEqual({ final_answer: expected });
  });

  test('keeps the order when the author does not await', async () => {
    const turn = record('unawaited 2000');
    await runner.invoke(zoo, turn);
    expect(turn.answer()).toBe(Array.from({ length: 2000 }, (_, index) => `${index},`).join(''));
  });

  test('emits every kind of event, between the deltas where it was', async () => {
    const turn = record('everything');
    const result = await runner.invoke(zoo, turn);
    expect(turn.events.map((event) => event.kind)).toEqual([
      'step',
      'delta',
      'delta',
      'citations',
      'title',
      'followups',
      'service',
      'event',
      'file',
      'usage',
      'step',
    ]);
    expect(result).toEqual({ final_answer: 'Answer [1]', followups: ['More?'], score: 1 });
  });

  test('has a standard input that is empty, whatever lies on its descriptor', async () => {
    await using runner = await startRunner();
    const turn = record('stdin');
    expect(await runner.invoke(zoo, turn)).toMatchObject({ facts: { stdin: 'ended' } });
    expect(turn.answer()).toBe('');
  });

  test('is given its facts and an empty environment', async () => {
    const history = [1, 2, 3].map((n) => ({
      turn_id: `t${n}`,
      user: `q${n}`,
      assistant: `a${n}`,
      created_at: '2026-01-01T00:00:00Z',
    }));
    const result = await runner.invoke(zoo, record('', { payload: turnPayload('facts', { history }) }));
    expect(result).toMatchObject({
      facts: {
        id: 'turn-1',
        message: 'facts',
        user: { username: 'Ada' },
        last: [{ turn_id: 't3' }],
        env: [],
      },
    });
  });

  test('folds in what its mailbox holds', async () => {
    const waiting = ['second', 'third'].map((message) => ({
      kind: 'followup',
      turn_id: message,
      message,
      events: [],
      attachments: [],
    }));
    const turn = record('mailbox', {
      onCall: async ({ target, method }) => {
        expect(target).toBe('mailbox');
        return (method === 'peek' ? waiting[0] : waiting.shift()) ?? null;
      },
    });
    expect(await runner.invoke(zoo, turn)).toMatchObject({ seen: ['second', 'second', 'third'] });
  });

  test('gets the error of a call without the insides of the platform', async () => {
    const denied = record('mailbox', { onCall: () => Promise.reject(PlatformError.of('CAPABILITY_DENIED')) });
    const inside = record('mailbox', { onCall: () => Promise.reject(new Error('password of the database')) });
    expect(describeFailure(await runner.invoke(zoo, denied).catch((error: unknown) => error))).toMatch(
      /was not granted/,
    );
    const failure = describeFailure(await runner.invoke(zoo, inside).catch((error: unknown) => error));
    expect(failure).toMatch(/the platform could not do this/);
    expect(failure).not.toMatch(/password/);
  });

  test.each([
    ['throw', /the author made a mistake/],
    ['bigint', /BigInt/],
    ['badevent', /an event was refused: title/],
    ['mismatch', /final_answer must begin with/],
    ['flood', /too many events are waiting/],
    ['nonsense', /no such way/],
  ])('"%s" is a bundle_error whose text stays inside', async (message, why) => {
    const failure = await runner.invoke(zoo, record(message)).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'BUNDLE_ERROR',
      message: 'The application failed while answering.',
    });
    expect(describeFailure(failure)).toMatch(why);
  });

  test('streams a final_answer that was only returned', async () => {
    const turn = record('whole');
    expect(await runner.invoke(zoo, turn)).toEqual({ final_answer: 'not streamed' });
    expect(turn.answer()).toBe('not streamed');
  });

  test('nothing follows its end', async () => {
    const turn = record('late');
    await runner.invoke(zoo, turn);
    await sleep(60);
    expect(turn.answer()).toBe('on time');
  });

  test('survives a promise that nobody caught', async () => {
    const turn = record('reject');
    expect(await runner.invoke(zoo, turn)).toMatchObject({ survived: true });
    expect(turn.logs).toContainEqual({ level: 'error', text: expect.stringContaining('nobody caught this') });
  });
});

describe('an operation', () => {
  const user = turnPayload('').user;
  test('is checked on both sides', async () => {
    const count = (input: unknown) =>
      runner.invoke(zoo, record('', { kind: 'operation', name: 'count', payload: { input, user } }));
    expect(await count({ text: 'four' })).toEqual({ output: { characters: 4 } });
    await expect(count({ text: 4 })).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      details: { issues: [{ path: 'text' }] },
    });
  });

  test.each(['missing', 'constructor', '__proto__'])('named %s does not exist', async (name) => {
    const failure = await runner
      .invoke(zoo, record('', { kind: 'operation', name, payload: { user } }))
      .catch((error: unknown) => error);
    expect(describeFailure(failure)).toMatch(/has no operation/);
  });
});

describe('side by side', () => {
  test('a hundred turns in one host', async () => {
    const turns = Array.from({ length: 100 }, (_, n) => record(`pause ${20 + (n % 7)}`));
    await Promise.all(turns.map((turn) => runner.invoke(zoo, turn)));
    expect(turns.map((turn) => turn.answer())).toEqual(turns.map(() => '[]'));
  });

  test('each has its own log', async () => {
    const turns = ['a', 'b', 'c', 'd'].map((name) => ({ name, turn: record(`logs ${name} 20`) }));
    await Promise.all(turns.map(({ turn }) => runner.invoke(zoo, turn)));
    for (const { name, turn } of turns) {
      const lines = turn.logs
        .map((line) => `${line.level} ${line.text}`)
        .filter((line) => !line.includes('completed'));
      expect(lines).toEqual([
        ...Array.from({ length: 20 }, (_, line) => `info line ${name} ${line}`),
        `error done ${name}`,
      ]);
    }
  });

  test('a chatterbox is cut short', async () => {
    await using quiet = await startRunner({ logLinesPerSecond: 50 });
    const turn = record('chatter 5000');
    await quiet.invoke(zoo, turn);
    expect(turn.logs.length).toBeGreaterThan(10);
    expect(turn.logs.length).toBeLessThanOrEqual(100);
  });

  test('a taker that stands still pauses its turn, and only that one', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let taken = 0;
    const slow = record('endless', {
      onEvent: async (event) => {
        taken += event.kind === 'delta' ? event.text.length : 0;
        await opened;
      },
    });
    const running = runner.invoke(zoo, slow).catch((error: unknown) => error);
    const before = ((await runner.invoke(zoo, record('memory'))) as { rss: number }).rss;
    for (let round = 0; round < 20; round += 1) await runner.invoke(zoo, record('stream 200'));
    await sleep(500);
    const after = ((await runner.invoke(zoo, record('memory'))) as { rss: number }).rss;
    expect(taken).toBeLessThanOrEqual(64 * 1024);
    expect(after - before).toBeLessThan(32 * 1024 * 1024);
    open();
    await until(() => taken > 1024 * 1024);
    slow.controller.abort();
    expect(await running).toMatchObject({ code: 'CANCELLED' });
  });
});

describe('abort', () => {
  test('answers at once, reaches the bundle, and leaves the host whole', async () => {
    const turn = record('wait');
    const answer = runner.invoke(zoo, turn).catch((error: unknown) => error);
    await turn.begun;
    turn.controller.abort();
    expect(await answer).toMatchObject({ code: 'CANCELLED' });
    await until(() => runner.snapshot().every((host) => host.running === 0));
    expect(runner.snapshot().find((host) => host.bundleId === 'zoo')?.state).toBe('ready');
  });

  test('gives the reason that the signal carries', async () => {
    const turn = record('wait');
    const answer = runner.invoke(zoo, turn).catch((error: unknown) => error);
    await turn.begun;
    turn.controller.abort(PlatformError.of('WATCHDOG_TIMEOUT'));
    expect(await answer).toMatchObject({ code: 'WATCHDOG_TIMEOUT' });
  });

  test('before the start invokes nothing', async () => {
    const turn = record('stream 1');
    turn.controller.abort();
    await expect(runner.invoke(zoo, turn)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(turn.events).toEqual([]);
  });

  test('a rejected event ends the turn with that error', async () => {
    const turn = record('endless', { onEvent: () => Promise.reject(PlatformError.of('TURN_INTERRUPTED')) });
    await expect(runner.invoke(zoo, turn)).rejects.toMatchObject({ code: 'TURN_INTERRUPTED' });
    await until(() => runner.snapshot().every((host) => host.running === 0));
  });
});
