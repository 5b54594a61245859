import { expect, test } from 'vitest';
import { defineBundle, httpHosts, job, operation, schedule, tool, z } from './index.ts';

// What matters here is checked by tsc: every `@ts-expect-error` must be an error, everything else must not.
// The bundles are built, never run.

test('what an author writes has exact types', () => {
  const bundle = defineBundle({
    id: 'typed',
    name: 'Typed',
    props: z.object({ greeting: z.string().default('Hello'), repeat: z.number().default(1) }),
    capabilities: ['documents'],
    limits: { memoryMb: 128, concurrency: 4 },
    async executeCore(turn) {
      const greeting: string = turn.props.greeting;
      const repeat: number = turn.props.repeat;
      await turn.delta(greeting.repeat(repeat));
      const [passage] = await turn.documents.search(turn.message, { limit: 3 });
      await turn.citations([{ id: 1, title: passage?.title ?? 'none' }]);
      for await (const item of turn.continuations())
        await turn.step('folded', { status: 'completed', data: { kind: item.kind } });
      await turn.usage.record({ provider: 'local', model: 'm', input_tokens: 1, output_tokens: 2 });
      return { followups: ['More?'], score: 0.5 };
    },
    operations: {
      find: operation({
        input: z.object({ text: z.string() }),
        output: z.object({ hits: z.number() }),
        needs: ['documents'],
        run: async (ctx, { text }) => ({ hits: (await ctx.documents.search(text)).length }),
      }),
      ping: operation({ allow: 'registered', run: () => 'pong' }),
    },
    schedules: {
      tidy: schedule({
        cron: '0 3 * * *',
        timezone: 'Europe/Berlin',
        run: async (ctx) => ctx.signal.throwIfAborted(),
      }),
    },
  });
  expect(bundle.id).toBe('typed');
});

test('every part gets what it asked for', () => {
  const props = z.object({ greeting: z.string().default('Hello') });
  const reindex = job({
    data: z.object({ full: z.boolean().default(false) }),
    needs: ['storage'],
    async run(ctx, data) {
      const full: boolean = data.full;
      const attempt: number = ctx.attempt;
      await ctx.storage.write('state.txt', `${full} ${attempt}`);
    },
  });
  const bundle = defineBundle({
    id: 'parts',
    name: 'Parts',
    props,
    secrets: ['api_key', 'other_key'],
    capabilities: ['kv', 'storage', 'model', 'web', httpHosts('api.example.com')],
    recovery: 'retryIfSilent',
    jobs: { reindex },
    async executeCore(turn) {
      const key: string = await turn.secrets.get('api_key');
      const answer: Response = await turn.http.fetch('https://api.example.com/', { headers: { key } });
      const added: boolean = (await turn.jobs.add('reindex', {}, { idempotencyKey: 'a' })).is_new;
      await turn.kv.set('seen', { added }, { ttlSec: 60 });
      await turn.file({ filename: 'a.csv', mime: 'text/csv', content: await answer.text() });
    },
    operations: {
      hello: operation({
        props,
        secrets: ['api_key'],
        jobs: { reindex },
        input: z.object({ name: z.string() }),
        async run(ctx, { name }) {
          await ctx.jobs.add('reindex', { full: true });
          await ctx.notify('session', 'hello.said', { name });
          const greeting: string = ctx.props.greeting;
          return `${greeting} ${name} ${await ctx.secrets.get('api_key')}`;
        },
      }),
      page: operation({ output: z.object({ n: z.number() }), run: () => new Response('raw') }),
    },
    mcp: {
      tools: { ask: tool({ description: 'Asks.', needs: ['model'], run: (ctx) => ctx.model.describe() }) },
    },
    channels: {
      'io:web:request': async (message, ctx) => {
        const id: string = message.request_id;
        await ctx.web.respond(id, { status: 204 });
      },
    },
    web: {
      fetch(request, ctx) {
        ctx.waitUntil(ctx.kv.increment(new URL(request.url).pathname));
        return new Response('ok');
      },
    },
    widgets: { board: { title: 'Board', folder: 'widgets/board' } },
    onPropsChanged: ({ props: now, former }) => void (now.greeting === former.greeting),
  });
  expect(bundle.id).toBe('parts');
});

test('wrong use of a part is red', () => {
  const reindex = job({ data: z.object({ full: z.boolean() }), run: () => undefined });
  defineBundle({
    id: 'wrong-parts',
    name: 'Wrong',
    secrets: ['api_key'],
    capabilities: ['kv'],
    jobs: { reindex },
    async executeCore(turn) {
      // @ts-expect-error no such secret
      await turn.secrets.get('other');
      // @ts-expect-error no such job
      await turn.jobs.add('rebuild', { full: true });
      // @ts-expect-error the data of the job is another
      await turn.jobs.add('reindex', { full: 'yes' });
      // @ts-expect-error not asked for
      await turn.http.fetch('https://example.com');
      // @ts-expect-error no such scope
      await turn.kv.get('a', { scope: 'team' });
      // @ts-expect-error a file has a path or a content
      await turn.file({ filename: 'a', mime: 'b' });
      // @ts-expect-error a turn has no notify
      await turn.notify('session', 'a', {});
    },
    web: {
      // @ts-expect-error web.fetch answers with a Response
      fetch: () => 'text',
    },
    channels: {
      // @ts-expect-error no such channel
      'io:web:answer': () => undefined,
    },
    // @ts-expect-error a widget has a folder
    widgets: { board: { title: 'Board' } },
  });
  defineBundle({
    id: 'a',
    name: 'A',
    executeCore: (turn) => {
      // @ts-expect-error no secrets were declared
      void turn.secrets;
      // @ts-expect-error no jobs were declared
      void turn.jobs;
    },
  });
  // @ts-expect-error hosts belong to it: httpHosts('api.example.com')
  defineBundle({ id: 'a', name: 'A', capabilities: ['http'] });
  // @ts-expect-error no such recovery
  defineBundle({ id: 'a', name: 'A', recovery: 'always' });
  const wantsSecret = operation({ secrets: ['x'], run: (ctx) => ctx.secrets.get('x') });
  // @ts-expect-error the bundle does not declare the secret
  defineBundle({ id: 'a', name: 'A', secrets: ['y'], operations: { wantsSecret } });
  const wantsJob = operation({ jobs: { reindex }, run: (ctx) => ctx.jobs.add('reindex', { full: true }) });
  // @ts-expect-error the bundle has no such job
  defineBundle({ id: 'a', name: 'A', operations: { wantsJob } });
  defineBundle({ id: 'a', name: 'A', jobs: { reindex }, operations: { wantsJob } });
  const wantsProp = operation({
    props: z.object({ greeting: z.string() }),
    run: (ctx) => ctx.props.greeting,
  });
  // @ts-expect-error the bundle has no such prop
  defineBundle({ id: 'a', name: 'A', operations: { wantsProp } });
  const wantsKv = job({ needs: ['kv'], run: (ctx) => ctx.kv.get('a') });
  // @ts-expect-error the bundle does not ask for kv
  defineBundle({ id: 'a', name: 'A', jobs: { wantsKv } });
  // @ts-expect-error a job is made by job()
  defineBundle({ id: 'a', name: 'A', jobs: { plain: { run: () => 1 } } });
  // @ts-expect-error no such backoff
  job({ backoff: { kind: 'linear', delayMs: 1 }, run: () => undefined });
  // @ts-expect-error a tool has a description
  tool({ run: () => 1 });
  expect(() => httpHosts('https://example.com')).toThrow('is no host name');
});

test('wrong use is red', () => {
  defineBundle({
    id: 'wrong-turn',
    name: 'Wrong',
    async executeCore(turn) {
      // @ts-expect-error a delta is text
      await turn.delta(1);
      // @ts-expect-error no such status
      await turn.step('a', { status: 'begun' });
      // @ts-expect-error not asked for in `capabilities`
      await turn.documents.search('x');
      // @ts-expect-error no such prop
      const missing: string = turn.props.missing;
      // @ts-expect-error a turn's facts are read-only
      turn.message = missing;
      // @ts-expect-error no such marker
      await turn.delta('x', { marker: 'footer' });
      // @ts-expect-error model and tokens are missing
      await turn.usage.record({ provider: 'local' });
    },
  });
  // @ts-expect-error followups are texts
  defineBundle({ id: 'a', name: 'A', executeCore: async () => ({ followups: [1] }) });
  // @ts-expect-error final_answer is text
  defineBundle({ id: 'a', name: 'A', executeCore: async () => ({ final_answer: 1 }) });
  // @ts-expect-error a bundle has a name
  defineBundle({ id: 'a' });
  // @ts-expect-error no such part
  defineBundle({ id: 'a', name: 'A', executeCode: async () => undefined });
  // @ts-expect-error no such capability
  defineBundle({ id: 'a', name: 'A', capabilities: ['filesystem'] });
  // @ts-expect-error an operation is made by operation()
  defineBundle({ id: 'a', name: 'A', operations: { x: { run: () => 1 } } });
  const find = operation({ needs: ['documents'], run: (ctx) => ctx.documents.search('x') });
  // @ts-expect-error the operation needs what the bundle does not ask for
  defineBundle({ id: 'a', name: 'A', operations: { find } });
  defineBundle({ id: 'a', name: 'A', capabilities: ['documents'], operations: { find } });
  // @ts-expect-error a schedule has a cron line
  schedule({ run: () => undefined });
  // @ts-expect-error no such user type
  operation({ allow: 'gold', run: () => 1 });
  // @ts-expect-error output does not fit its schema
  operation({ output: z.object({ n: z.number() }), run: () => ({ n: 'one' }) });
  // @ts-expect-error input is what the schema gives
  operation({ input: z.object({ n: z.number() }), run: (_ctx, input) => input.n.toUpperCase() });
  // @ts-expect-error not asked for in `needs`
  operation({ run: (ctx) => ctx.documents.search('x') });
});
