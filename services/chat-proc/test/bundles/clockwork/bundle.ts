// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, job, operation, schedule, z } from '@switchyard/bundle-sdk';

const CRON = '* * * * * *';

const count = job({
  data: z.object({ n: z.number() }),
  attempts: 2,
  run: (ctx, { n }) => {
    console.log(`count ${n} attempt ${ctx.attempt}`);
    if (n < 0) throw new Error('less than nothing');
  },
});

/** Schedules and jobs as the worker runs them. */
export default defineBundle({
  id: 'clockwork',
  name: 'Clockwork',
  jobs: { count },
  schedules: {
    tick: schedule({ cron: CRON, run: () => undefined }),
    never: schedule({ cron: '0 0 1 1 *', timezone: 'Europe/Berlin', run: () => undefined }),
  },
  operations: {
    add: operation({
      jobs: { count },
      input: z.object({ n: z.number(), key: z.string().optional() }),
      run: (ctx, { n, key }) =>
        ctx.jobs.add('count', { n }, key === undefined ? {} : { idempotencyKey: key }),
    }),
  },
});
