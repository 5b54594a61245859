import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Servers } from '../src/servers.ts';

export interface BullmqRig {
  readonly queue: Queue;
  stop(): Promise<void>;
}

/** BullMQ as its documentation shows it; jobs leave nothing behind. `concurrency` slots, one worker. */
export async function openBullmq(
  servers: Pick<Servers, 'redisUrl'>,
  options: {
    name: string;
    concurrency: number;
    process(data: { id: number }): Promise<unknown>;
    workers?: number;
  },
): Promise<BullmqRig> {
  const connections: Redis[] = [];
  const connection = () => {
    const opened = new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
    connections.push(opened);
    return opened;
  };
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
      // BullMQ leaves open what it did not open itself.
      for (const each of connections) each.disconnect();
    },
  };
}
