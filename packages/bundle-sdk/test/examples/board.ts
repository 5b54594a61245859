import { defineBundle, job, operation, schedule, z } from '@switchyard/bundle-sdk';

const count = job({
  data: z.object({ board: z.string() }),
  attempts: 5,
  backoff: { kind: 'exponential', delayMs: 1000 },
  needs: ['kv'],
  run: async (ctx, { board }) => ctx.kv.increment(`counted:${board}`),
});

export default defineBundle({
  id: 'board',
  name: 'Board',
  capabilities: ['kv'],
  jobs: { count },
  widgets: { board: { title: 'Board', folder: 'widgets/board', build: 'vite', allow: 'registered' } },
  operations: {
    add: operation({
      description: 'Adds a card to the board.',
      input: z.object({ text: z.string().min(1) }),
      output: z.object({ cards: z.number() }),
      allow: 'registered',
      tool: true,
      needs: ['kv'],
      jobs: { count },
      async run(ctx, { text }) {
        const cards = await ctx.kv.increment('cards');
        await ctx.kv.set(`card:${cards}`, { text, by: ctx.user.user_id });
        await ctx.notify('project', 'board.changed', { cards });
        await ctx.jobs.add('count', { board: 'main' }, { idempotencyKey: `card-${cards}` });
        return { cards };
      },
    }),
  },
  schedules: {
    tidy: schedule({
      cron: '0 3 * * *',
      timezone: 'Europe/Berlin',
      needs: ['kv'],
      run: async (ctx) => void (await ctx.kv.set('tidied', ctx.tick)),
    }),
  },
});
