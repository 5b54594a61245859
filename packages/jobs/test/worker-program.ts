// One worker of a test as a process that may be killed: ticks of one schedule, each of which leaves a row.
import { openStore } from '@switchyard/store';
import { openJobs } from './open-jobs.ts';

const setting = (name: string): string => process.env[name] ?? '';
const store = await openStore({ url: setting('DATABASE_URL'), poolSize: 4, applicationName: 'worker' });
const { jobs } = openJobs({
  redisUrl: setting('REDIS_URL'),
  scope: { tenant: setting('TENANT'), project: setting('PROJECT') },
  sql: store.sql,
  listServed: async () => [
    { bundleId: 'clock', name: 'tick', cron: '* * * * * *', timezone: null, maxAttempts: 1 },
  ],
  async run(row) {
    await store.sql.query({
      text: 'insert into did (job_id, tick, attempt, pid) values ($1, $2, $3, $4)',
      values: [row.job_id, row.dedupe_key, row.attempt, process.pid],
    });
    // Long enough that a kill meets one half way.
    await new Promise((resolve) => setTimeout(resolve, 400));
    return { kind: 'done' };
  },
});
await jobs.start();
process.send?.('ready');
