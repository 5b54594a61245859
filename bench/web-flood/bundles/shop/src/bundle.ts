import { defineBundle, operation } from '@switchyard/bundle-sdk';

const WORDS = ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven ', 'eight ', 'nine ', 'ten'];
/** What a request computes, milliseconds of a processor. */
const WORK_MS = 1;

/** Answers turns and the requests of its site in one process. */
export default defineBundle({
  id: 'shop',
  name: 'Shop',
  capabilities: ['web'],
  operations: {
    open: operation({
      needs: ['web'],
      run: (ctx) => ctx.web.deploy([{ path: 'index.html', content: '<h1>Shop</h1>' }]),
    }),
  },
  web: {
    path: '/api/*',
    async fetch(request) {
      const until = performance.now() + WORK_MS;
      while (performance.now() < until);
      const { a, b } = (await request.json()) as { a: number; b: number };
      return Response.json({ sum: a + b });
    },
  },
  async executeCore(turn) {
    for (const word of WORDS) await turn.delta(word);
  },
});
