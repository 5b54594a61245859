// oxlint-disable import/no-default-export -- the default export is what a host loads
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, schedule } from '@switchyard/bundle-sdk';

/** A tick each second. Each start leaves a key that no other start has. */
export default defineBundle({
  id: 'clock',
  name: 'Clock',
  capabilities: ['kv'],
  schedules: {
    tick: schedule({
      cron: '* * * * * *',
      needs: ['kv'],
      async run(ctx) {
        await ctx.kv.set(`start/${ctx.tick}/${randomUUID()}`, process.pid);
        // Long enough that a kill meets one half way.
        await sleep(400);
        await ctx.kv.set(`end/${ctx.tick}/${randomUUID()}`, process.pid);
      },
    }),
  },
});
