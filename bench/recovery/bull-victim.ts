/** A BullMQ worker that takes one job, says so and never ends it: it is there to be killed. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { bullSettings } from './bull-settings.ts';

const worker = new Worker(
  process.env['QUEUE'] ?? '',
  () => {
    process.send?.({ active: true });
    return new Promise(() => undefined);
  },
  {
    connection: new Redis(process.env['REDIS_URL'] ?? '', { maxRetriesPerRequest: null }),
    ...bullSettings(process.env['TUNED'] === '1'),
  },
);
await worker.waitUntilReady();
process.on('disconnect', () => process.exit(0));
