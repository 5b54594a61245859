// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation } from '@switchyard/bundle-sdk';

/** Runs by what was asked for, so that a test sees that there was one. */
const runs = new Map<string, number>();
const gate = Promise.withResolvers<void>();
let held = 0;

/** Holds every request of its site until a turn opens the gate: a turn that waits for requests would wait for ever. */
export default defineBundle({
  id: 'porter',
  name: 'Porter',
  capabilities: ['web'],
  limits: { concurrency: 6 },
  operations: {
    open: operation({
      needs: ['web'],
      run: (ctx) => ctx.web.deploy([{ path: 'index.html', content: '<h1>Gate</h1>' }]),
    }),
    held: operation({ run: () => held }),
  },
  web: {
    path: '/api/*',
    async fetch(request) {
      const key = new URL(request.url).pathname;
      const count = (runs.get(key) ?? 0) + 1;
      runs.set(key, count);
      held += 1;
      await gate.promise;
      held -= 1;
      return Response.json({ key, count });
    },
  },
  async executeCore(turn) {
    if (turn.message === 'open') gate.resolve();
    await turn.delta(`${held} at the gate`);
  },
});
