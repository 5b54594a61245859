import path from 'node:path';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startProgram } from '../src/probed-process.ts';
import { bullSettings, stalledIntervalMs } from './bull-settings.ts';

export interface BullTrial {
  readonly ms: number;
  readonly isLost: boolean;
  /** How often its handler began after the kill: more than once is a doubled run. */
  readonly runsAfterKill: number;
}

const LIMIT_MS = 150_000;

/**
 * Kills of workers that have a job, each on a queue of its own with another worker standing by, all at the same time since they
 * mostly wait. Each is killed at another moment of the standing worker's round of looking for stalled jobs.
 */
export async function runBullTrials(redisUrl: string, isTuned: boolean, count: number): Promise<BullTrial[]> {
  const connections: Redis[] = [];
  const connection = () => {
    const opened = new Redis(redisUrl, { maxRetriesPerRequest: null });
    connections.push(opened);
    return opened;
  };
  const trial = async (number: number): Promise<BullTrial> => {
    const name = `recovery-${isTuned ? 'tuned' : 'default'}-${number}`;
    const queue = new Queue(name, { connection: connection() });
    await queue.add('x', {});
    const victim = await startProgram({
      file: path.join(import.meta.dirname, 'bull-victim.ts'),
      env: { REDIS_URL: redisUrl, QUEUE: name, TUNED: isTuned ? '1' : '0' },
    });
    let runs = 0;
    const begun = Promise.withResolvers<number>();
    const standby = new Worker(
      name,
      () => {
        runs += 1;
        begun.resolve(performance.now());
        return Promise.resolve('done');
      },
      { connection: connection(), ...bullSettings(isTuned) },
    );
    await standby.waitUntilReady();
    await new Promise((resolve) => setTimeout(resolve, (number / count) * stalledIntervalMs(isTuned)));
    const at = performance.now();
    await victim.kill();
    const limit = setTimeout(() => begun.resolve(Number.NaN), LIMIT_MS);
    const ms = (await begun.promise) - at;
    clearTimeout(limit);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await standby.close(true);
    await queue.close();
    return { ms, isLost: Number.isNaN(ms), runsAfterKill: runs };
  };
  const trials = await Promise.all(Array.from({ length: count }, (_none, number) => trial(number)));
  for (const each of connections) each.disconnect();
  return trials;
}
