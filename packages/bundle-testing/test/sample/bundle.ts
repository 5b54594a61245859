import { defineBundle, httpHosts, job, operation, schedule, tool, z } from '@switchyard/bundle-sdk';

const props = z.object({ greeting: z.string().default('Hello') });
const reindex = job({
  data: z.object({ full: z.boolean() }),
  attempts: 3,
  needs: ['kv'],
  run: (ctx, { full }) => ctx.kv.set('indexed', { full, attempt: ctx.attempt }),
});

/** A bit of everything: what the examples of the documentation are made of. */
export default defineBundle({
  id: 'sample',
  name: 'Sample',
  props,
  secrets: ['api_key'],
  capabilities: ['documents', 'storage', 'kv', 'model', 'exec', 'web', httpHosts('api.example.com')],
  jobs: { reindex },
  async executeCore(turn) {
    switch (turn.message) {
      case 'wait':
        await turn.delta('waiting');
        await new Promise((_resolve, reject) =>
          turn.signal.addEventListener('abort', () => reject(turn.signal.reason as Error)),
        );
        return undefined;
      case 'throw':
        await turn.delta('half');
        throw new Error('the author made a mistake');
      case 'loop':
        for (;;);
      case 'read':
        return { text: (await import('node:fs')).readFileSync('/etc/hostname', 'utf8') };
      case 'fetch': {
        const key = await turn.secrets.get('api_key');
        const answer = await turn.http.fetch('https://api.example.com/a', { headers: { 'x-key': key } });
        return { final_answer: await answer.text() };
      }
      case 'elsewhere':
        await turn.http.fetch('https://example.org/');
        return undefined;
      default:
        await turn.step('greet', { status: 'started', title: 'Greeting' });
        await turn.delta(`${turn.props.greeting}, ${turn.user.username ?? 'stranger'}!`);
        for await (const item of turn.continuations()) await turn.delta(` And ${item.message}.`);
        await turn.file({ filename: 'a.csv', mime: 'text/csv', content: 'a,b' });
        await turn.usage.record({ provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 });
        return { followups: ['More?'] };
    }
  },
  operations: {
    count: operation({
      input: z.object({ text: z.string() }),
      output: z.object({ characters: z.number() }),
      tool: true,
      run: (_ctx, { text }) => ({ characters: text.length }),
    }),
    keep: operation({
      needs: ['storage', 'kv', 'documents'],
      jobs: { reindex },
      input: z.object({ text: z.string() }),
      async run(ctx, { text }) {
        await ctx.storage.write('notes/a.txt', text, { scope: 'user', mime: 'text/plain' });
        const times = await ctx.kv.increment('kept');
        const { is_new } = await ctx.jobs.add('reindex', { full: true }, { idempotencyKey: 'one' });
        await ctx.notify('project', 'notes.changed', { times });
        const { items } = await ctx.storage.list('notes/', { scope: 'user' });
        return {
          times,
          is_new,
          paths: items.map(({ path }) => path),
          found: await ctx.documents.search(text),
        };
      },
    }),
    wrong: operation({ needs: ['storage'], run: (ctx) => ctx.storage.write('../outside', 'x') }),
    page: operation({
      run: () => new Response('<p>hi', { status: 201, headers: { 'content-type': 'text/html' } }),
    }),
    run: operation({
      needs: ['exec'],
      input: z.object({ isHeard: z.boolean().default(false) }).prefault({}),
      async run(ctx, { isHeard }) {
        const heard: string[] = [];
        const program = {
          language: 'python',
          code: 'print(1)',
          files: [{ path: 'in.txt', bytes: 'text' }],
        } as const;
        const onOutput = (text: string, stream: string) => void heard.push(`${stream}: ${text}`);
        const { files, ...result } = await ctx.exec.run(program, isHeard ? { onOutput } : {});
        return {
          ...result,
          heard,
          files: files.map(({ path, bytes }) => `${path}: ${Buffer.from(bytes).toString()}`),
        };
      },
    }),
    offer: operation({ needs: ['exec'], run: (ctx) => ctx.exec.describe() }),
  },
  mcp: { tools: { twice: tool({ description: 'Doubles.', input: z.number(), run: (_ctx, n) => n * 2 }) } },
  schedules: {
    tidy: schedule({
      cron: '0 3 * * *',
      needs: ['kv'],
      run: async (ctx) => void (await ctx.kv.set('tidied', ctx.tick)),
    }),
  },
  channels: {
    'io:web:request': async (message, ctx) => {
      await ctx.web.respond(message.request_id, { status: 200, headers: [], body: null });
    },
  },
  web: {
    fetch: async (request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`),
  },
});
