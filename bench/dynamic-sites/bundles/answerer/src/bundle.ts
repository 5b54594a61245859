import { defineBundle, operation } from '@switchyard/bundle-sdk';

/** A site whose dynamic route adds two numbers, by `fetch` and by the channel. */
export default defineBundle({
  id: 'answerer',
  name: 'Answerer',
  capabilities: ['web'],
  operations: {
    open: operation({
      needs: ['web'],
      run: (ctx) => ctx.web.deploy([{ path: 'index.html', content: '<h1>Sums</h1>' }]),
    }),
  },
  web: {
    path: '/api/fetch',
    async fetch(request) {
      const { a, b } = (await request.json()) as { a: number; b: number };
      return Response.json({ sum: a + b });
    },
  },
  channels: {
    'io:web:request': {
      path: '/api/channel',
      async run({ request_id: id, body }, ctx) {
        const { a, b } = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array())) as {
          a: number;
          b: number;
        };
        const headers = { 'content-type': 'application/json' };
        await ctx.web.respond(id, { status: 200, headers, body: JSON.stringify({ sum: a + b }) });
      },
    },
  },
});
