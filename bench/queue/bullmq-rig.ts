import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Servers } from '../src/servers.ts';

export interface BullmqRig {
  readonly queue: Queue;
  stop(): Promise<void>;
}

/** BullMQ as its documentation shows it; jobs leave nothing behind. `concurrency` slots, one worker. */
export async function openBullmq(
  servers: Servers,
  options: {
    name: string;
    concurrency: number;
    process(data: { id: number }): Promise<unknown>;
    workers?: number;
  },
): Promise<BullmqRig> {
  const connection = () => new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(options.name, {
    connection: connection(),
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  const workers = Array.from(
    { length: options.workers ?? 1 },
    () =>
      new Worker<{ id: number }>(options.name, async (job) => options.process(job.data), {
        connection: connection(),
        concurrency: options.concurrency,
      }),
  );
  for (const worker of workers) await worker.waitUntilReady();
  return {
    queue,
    async stop() {
      for (const worker of workers) await worker.close(true);
      await queue.obliterate({ force: true }).catch(() => undefined);
      await queue.close();
    },
  };
}
