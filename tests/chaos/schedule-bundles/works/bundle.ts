// oxlint-disable import/no-default-export -- the default export is what a host loads
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, job, operation, z } from '@switchyard/bundle-sdk';

const count = job({
  data: z.object({ n: z.number() }),
  attempts: 50,
  needs: ['kv'],
  async run(ctx, { n }) {
    await ctx.kv.set(`start/${n}/${ctx.attempt}/${randomUUID()}`, process.pid);
    await sleep(300);
    await ctx.kv.set(`end/${n}/${ctx.attempt}/${randomUUID()}`, process.pid);
  },
});

/** Jobs, added by whoever calls. Each start leaves a key that no other start has. */
export default defineBundle({
  id: 'works',
  name: 'Works',
  capabilities: ['kv'],
  jobs: { count },
  operations: {
    add: operation({
      jobs: { count },
      input: z.object({ n: z.number() }),
      run: (ctx, { n }) => ctx.jobs.add('count', { n }, { idempotencyKey: `n-${n}` }),
    }),
  },
});
