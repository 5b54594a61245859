import { expect, test } from 'vitest';
import { defineBundle, operation, schedule, z } from './index.ts';

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
