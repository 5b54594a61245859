import { defineBundle, tool, z } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'tools',
  name: 'Tools',
  capabilities: ['documents'],
  mcp: {
    alias: 'docs',
    allow: 'registered',
    tools: {
      search: tool({
        description: 'Searches the documents of the platform.',
        input: z.object({ query: z.string() }),
        needs: ['documents'],
        run: async (ctx, { query }) =>
          (await ctx.documents.search(query, { limit: 3 })).map(({ title }) => title),
      }),
    },
  },
});
