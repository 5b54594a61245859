import type { BundleEvent, TurnInvocation } from '@switchyard/protocol';
import { bundleManifestSchema } from '@switchyard/protocol';
import { describe, expect, test } from 'vitest';
import { RUNTIME } from './bundle-runtime.ts';
import type { Bundle, HostPort } from './bundle-runtime.ts';
import { defineBundle, operation, schedule, z } from './index.ts';

const payload: TurnInvocation = {
  turn_id: 't1',
  conversation_id: 'c1',
  bundle_id: 'b',
  message: 'hi',
  events: [],
  attachments: [],
  history: [1, 2, 3].map((n) => ({ turn_id: `t${n}`, user: `u${n}`, assistant: `a${n}`, created_at: '' })),
  user: { user_id: 'u', user_type: 'registered', roles: [] },
  conversation: { is_new: false },
};

function createPort(): HostPort & { events: BundleEvent[]; calls: unknown[][] } {
  const events: BundleEvent[] = [];
  const calls: unknown[][] = [];
  return {
    events,
    calls,
    signal: new AbortController().signal,
    emit: async (event) => void events.push(event),
    call: async (...call) => {
      calls.push(call);
      return null;
    },
  };
}

const run = (
  bundle: Bundle,
  port = createPort(),
  invocation: { kind: string; name?: string; payload: unknown } = { kind: 'turn', payload },
) => bundle[RUNTIME].invoke(invocation, port);

describe('the manifest', () => {
  test('holds everything that is declared, as proc checks it', () => {
    const bundle = defineBundle({
      id: 'full',
      name: 'Full',
      props: z.object({ greeting: z.string().default('Hello') }),
      secrets: ['KEY'],
      capabilities: ['documents'],
      limits: { memoryMb: 64 },
      executeCore: () => undefined,
      operations: {
        when: operation({
          input: z.object({ at: z.date() }),
          output: z.string(),
          route: 'public',
          method: 'GET',
          roles: ['x'],
          run: () => 'now',
        }),
      },
      schedules: {
        tidy: schedule({ cron: '0 3 * * *', timezone: 'Europe/Berlin', retry: true, run: () => undefined }),
      },
    });
    const manifest = bundle[RUNTIME].manifest();
    expect(bundleManifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toMatchObject({
      id: 'full',
      hasTurns: true,
      secrets: ['KEY'],
      capabilities: ['documents'],
      limits: { memoryMb: 64 },
      schedules: { tidy: { cron: '0 3 * * *', timezone: 'Europe/Berlin', retry: true } },
      operations: { when: { route: 'public', method: 'GET', roles: ['x'], output: { type: 'string' } } },
      props: { type: 'object', properties: { greeting: { default: 'Hello' } } },
    });
  });
});

describe('a turn', () => {
  test('has the props with their defaults, and the newest of the history', async () => {
    const bundle = defineBundle({
      id: 'b',
      name: 'B',
      props: z.object({ greeting: z.string().default('Hello') }),
      executeCore: async (turn) => {
        await turn.delta(
          `${turn.props.greeting} ${turn
            .history(2)
            .map((past) => past.turn_id)
            .join()} ${turn.history(0).length} ${turn.history().length}`,
        );
      },
    });
    expect(await run(bundle)).toEqual({ final_answer: 'Hello t2,t3 0 3' });
  });

  test('has the capabilities that were asked for and no others', async () => {
    const look = (capabilities?: readonly ['documents']) =>
      defineBundle({
        id: 'b',
        name: 'B',
        ...(capabilities === undefined ? {} : { capabilities }),
        executeCore: (turn) => ({ has: 'documents' in turn }),
      });
    expect(await run(look())).toMatchObject({ has: false });
    expect(await run(look(['documents']))).toMatchObject({ has: true });
  });

  test('searches by a call', async () => {
    const port = createPort();
    const bundle = defineBundle({
      id: 'b',
      name: 'B',
      capabilities: ['documents'],
      executeCore: async (turn) => void (await turn.documents.search('x', { limit: 2 })),
    });
    await run(bundle, port);
    expect(port.calls).toEqual([['documents', 'search', ['x', { limit: 2 }]]]);
  });

  test.each([
    ['goes on from what was streamed', 'Hello', 'Hello there', { final_answer: 'Hello there' }],
    ['is the same', 'Hello', 'Hello', { final_answer: 'Hello' }],
    ['was not streamed', '', 'Hello', { final_answer: 'Hello' }],
  ])('final_answer %s', async (_name, streamed, returned, expected) => {
    const port = createPort();
    const bundle = defineBundle({
      id: 'b',
      name: 'B',
      executeCore: async (turn) => {
        await turn.delta(streamed);
        await turn.thinking('not a part of it');
        return { final_answer: returned };
      },
    });
    expect(await run(bundle, port)).toEqual(expected);
    const text = port.events
      .map((event) => (event.kind === 'delta' && event.marker === 'answer' ? event.text : ''))
      .join('');
    expect(text).toBe(expected.final_answer);
  });

  test('a final_answer that contradicts the stream, and a return value that is no object, are errors', async () => {
    const contradicting = defineBundle({
      id: 'b',
      name: 'B',
      executeCore: async (turn) => (await turn.delta('one'), { final_answer: 'two' }),
    });
    await expect(run(contradicting)).rejects.toThrow(/must begin with the answer deltas/);
    const wrong = defineBundle({ id: 'b', name: 'B', executeCore: (() => 'text') as never });
    await expect(run(wrong)).rejects.toThrow(/returns an object or nothing/);
  });

  test('a bundle without executeCore says so', async () => {
    await expect(run(defineBundle({ id: 'b', name: 'B' }))).rejects.toThrow(/has no executeCore/);
  });
});

describe('an operation', () => {
  const bundle = defineBundle({
    id: 'b',
    name: 'B',
    operations: {
      add: operation({
        input: z.object({ a: z.coerce.number(), b: z.number().default(1) }),
        output: z.object({ sum: z.number() }),
        run: (ctx, { a, b }) => ({ sum: a + b, by: ctx.user.user_id }),
      }),
      broken: operation({ output: z.number(), run: () => Number.NaN }),
    },
  });
  const call = (name: string, input: unknown) =>
    run(bundle, createPort(), { kind: 'operation', name, payload: { input, user: payload.user } });

  test('gets its input as the schema gives it and returns what the schema lets out', async () => {
    expect(await call('add', { a: '2' })).toEqual({ sum: 3 });
  });
  test('refuses input with the path of what is wrong', async () => {
    await expect(call('add', { a: 1, b: 'x' })).rejects.toMatchObject({
      code: 'invalid_input',
      issues: [{ path: 'b' }],
    });
  });
  test('does not let wrong output out', async () => {
    await expect(call('broken', {})).rejects.toThrow(/returned what its output schema refuses/);
  });
  test('is found by its own name only', async () => {
    await expect(call('toString', {})).rejects.toThrow(/has no operation "toString"/);
  });
});
