import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

const count = z.object({ count: z.number() });

export default defineBundle({
  id: 'my-bundle',
  name: 'My bundle',
  capabilities: ['kv'],

  // Shown beside the conversation. Files of this folder are served as they are.
  widgets: { counter: { title: 'Counter', folder: 'page', allow: 'registered' } },

  operations: {
    read: operation({
      description: 'How often the button was pressed.',
      method: 'GET',
      output: count,
      needs: ['kv'],
      run: async (ctx) => ({ count: Number((await ctx.kv.get('count')) ?? 0) }),
    }),
    press: operation({
      description: 'Presses the button, and tells everybody who looks at it.',
      output: count,
      allow: 'registered',
      needs: ['kv'],
      async run(ctx) {
        const pressed = { count: await ctx.kv.increment('count') };
        await ctx.notify('project', 'count.changed', pressed);
        return pressed;
      },
    }),
  },

  // The same from the conversation: a bundle may do both.
  async executeCore(turn) {
    const pressed = Number((await turn.kv.get('count')) ?? 0);
    await turn.delta(`Pressed so far: ${pressed}.`);
  },
});
