import type { BundleEvent, TurnInvocation } from '@switchyard/protocol';
import { bundleManifestSchema } from '@switchyard/protocol';
import { describe, expect, test } from 'vitest';
import { RUNTIME } from './bundle-runtime.ts';
import type { Bundle, HostPort } from './bundle-runtime.ts';
import { defineBundle, httpHosts, job, operation, schedule, tool, z } from './index.ts';

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
    waitUntil: () => undefined,
    scratchDir: () => '/nowhere',
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
      capabilities: ['documents', httpHosts('api.example.com', '*.example.org')],
      limits: { memoryMb: 64, concurrency: 1, instances: 3 },
      recovery: 'retryIfSilent',
      executeCore: () => undefined,
      operations: {
        when: operation({
          input: z.object({ at: z.date() }),
          output: z.string(),
          route: 'public',
          method: 'GET',
          roles: ['x'],
          tool: true,
          run: () => 'now',
        }),
      },
      jobs: {
        reindex: job({
          data: z.object({ full: z.boolean() }),
          attempts: 5,
          backoff: { kind: 'exponential', delayMs: 1000 },
          run: () => undefined,
        }),
      },
      channels: {
        'io:web:request': { site: 'shop', path: '/api/*', methods: ['POST'], run: () => undefined },
      },
      web: { fetch: () => new Response() },
      mcp: {
        alias: 'kit',
        tools: { add: tool({ description: 'Adds.', input: z.object({ a: z.number() }), run: () => 1 }) },
      },
      widgets: { board: { title: 'Board', folder: 'widgets/board', build: 'vite', allow: 'registered' } },
      schedules: {
        tidy: schedule({ cron: '0 3 * * *', timezone: 'Europe/Berlin', retry: true, run: () => undefined }),
      },
    });
    const manifest = bundle[RUNTIME].manifest();
    expect(bundleManifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toMatchObject({
      id: 'full',
      hasTurns: true,
      secrets: ['KEY'],
      capabilities: ['documents', 'http', 'secrets', 'jobs'],
      httpHosts: ['api.example.com', '*.example.org'],
      recovery: 'retryIfSilent',
      limits: { memoryMb: 64, concurrency: 1, instances: 3 },
      jobs: {
        reindex: {
          attempts: 5,
          backoff: { kind: 'exponential', delayMs: 1000 },
          data: { required: ['full'] },
        },
      },
      channels: { 'io:web:request': { site: 'shop', path: '/api/*', methods: ['POST'] } },
      hasWeb: true,
      mcp: {
        alias: 'kit',
        tools: {
          add: { description: 'Adds.', input: { required: ['a'] } },
          when: { output: { type: 'string' } },
        },
      },
      widgets: { board: { title: 'Board', folder: 'widgets/board', build: 'vite', allow: 'registered' } },
      propDefaults: { greeting: 'Hello' },
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
    expect(await call('add', { a: '2' })).toEqual({ output: { sum: 3 } });
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

describe('a part', () => {
  const seen: unknown[] = [];
  const bundle = defineBundle({
    id: 'b',
    name: 'B',
    props: z.object({ greeting: z.string().default('Hello') }),
    secrets: ['KEY'],
    capabilities: ['kv'],
    jobs: {
      reindex: job({
        data: z.object({ full: z.coerce.boolean() }),
        needs: ['kv'],
        run: (ctx, data) => void seen.push(data, ctx.attempt, 'jobs' in ctx),
      }),
    },
    operations: {
      start: operation({
        secrets: ['KEY'],
        tool: true,
        run: async (ctx) => {
          await ctx.notify('project', 'board.changed', { card: 1 });
          await ctx.usage.record({ provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 });
          return ctx.secrets.get('KEY');
        },
      }),
      page: operation({
        run: () =>
          new Response('<p>', {
            status: 201,
            headers: [
              ['set-cookie', 'a=1'],
              ['set-cookie', 'b=2'],
            ],
          }),
      }),
      hidden: operation({ run: () => 1 }),
    },
    channels: {
      'io:web:request': (message, ctx) => void seen.push(message.path, Object.keys(ctx.kv).length),
    },
    web: { fetch: async (request) => new Response(`${request.method} ${await request.text()}`) },
    onPropsChanged: ({ props, former }) => void seen.push(props, former),
  });
  const invoke = (kind: string, name: string, given: unknown, port = createPort()) =>
    run(bundle, port, { kind, name, payload: given });
  const { user } = payload;

  test('runs a job with its data checked', async () => {
    await invoke('job', 'reindex', { job_id: 'j', data: { full: 1 }, attempt: 2, max_attempts: 3 });
    expect(seen.splice(0)).toEqual([{ full: true }, 2, true]);
    await expect(invoke('job', 'reindex', { data: 7 })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('tells pages, accounts, and asks for its secret', async () => {
    const port = createPort();
    await invoke('operation', 'start', { user }, port);
    expect(port.events).toEqual([
      { kind: 'notify', to: 'project', type: 'board.changed', data: { card: 1 } },
      { kind: 'usage', usage: { provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 } },
    ]);
    expect(port.calls).toEqual([['secrets', 'get', ['KEY']]]);
  });

  test('answers with a Response as it is, several cookies told apart', async () => {
    expect(await invoke('operation', 'page', { user })).toEqual({
      response: {
        status: 201,
        headers: [
          ['content-type', 'text/plain;charset=UTF-8'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
        body: expect.any(ReadableStream),
      },
    });
  });

  test('is a tool only where it says so', async () => {
    await expect(invoke('tool', 'start', { user })).resolves.toEqual({ output: null });
    await expect(invoke('tool', 'hidden', { user })).rejects.toThrow(/has no tool "hidden"/);
  });

  test('hears a channel, answers a request', async () => {
    await invoke('channel', 'io:web:request', { message: { path: '/a' } });
    expect(seen.splice(0)).toEqual(['/a', 6]);
    const request = {
      method: 'POST',
      url: 'http://site/a',
      headers: [],
      body: new TextEncoder().encode('body'),
    };
    const answer = (await invoke('web', '', { request })) as { status: number; body: ReadableStream };
    expect(answer.status).toBe(200);
    expect(await new Response(answer.body).text()).toBe('POST body');
  });

  test('gets new props, the former ones beside them, and refuses what does not fit', async () => {
    await bundle[RUNTIME].setProps({ greeting: 'Hi' });
    expect(seen.splice(0)).toEqual([{ greeting: 'Hi' }, { greeting: 'Hello' }]);
    await expect(bundle[RUNTIME].setProps({ greeting: 7 })).rejects.toThrow(/greeting/);
  });
});

test.each([
  ['no default', z.object({ city: z.string() })],
  ['one that does not fit', z.object({ city: z.string().min(3).prefault('x') })],
])('a prop with %s is told by its name when the file is read', (_what, props) => {
  expect(() => defineBundle({ id: 'a', name: 'A', props })).toThrow(
    /^the prop "city" needs a default that fits its schema: /u,
  );
});
