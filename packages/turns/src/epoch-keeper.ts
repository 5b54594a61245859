import { sleep } from '@switchyard/kernel';
import type { Sql } from '@switchyard/store';
import { rebuild } from './rebuild.ts';
import type { RebuildOptions } from './rebuild.ts';

export interface EpochKeeper {
  /** Somebody met EPOCH, or the server is another one: look after it, unless that is under way. */
  notice(): void;
  /** Resolves when Redis' data belongs to the server that is connected; rejects when stopped. */
  settled(): Promise<void>;
  isSettled(): boolean;
  stop(): Promise<void>;
}

const RETRY_MS = 200;

/** Watches that Redis is the one that the data belongs to, and sees to a rebuild: one process does it, the others wait. */
export function createEpochKeeper(options: RebuildOptions, sql: Sql): EpochKeeper {
  const { connection, keys, log } = options;
  const stopped = new AbortController();
  const lockKey = `turns-rebuild:${keys.prefix}`;
  let working: Promise<void> | undefined;
  let isSettled = false;
  let lastEpoch = 0;
  const floor = () => lastEpoch + 1;

  const isOwn = async (): Promise<boolean> => {
    await connection.ready(5000);
    const [epoch, owner] = await connection.driver.hmget(keys.epoch(), 'n', 'run_id');
    lastEpoch = Math.max(lastEpoch, Number(epoch ?? 0));
    return owner === connection.runId() && owner !== '';
  };

  const look = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        if (await isOwn()) {
          isSettled = true;
          return;
        }
        isSettled = false;
        await sql.tryAdvisoryLock(lockKey, (lost) =>
          rebuild(options, floor, AbortSignal.any([lost, stopped.signal])),
        );
        if (await isOwn()) continue;
      } catch (error) {
        if (!stopped.signal.aborted) log.error('the queue was not rebuilt', { error });
      }
      await sleep(RETRY_MS, stopped.signal).catch(() => undefined);
    }
  };

  const notice = (): void => {
    if (stopped.signal.aborted || working !== undefined) return;
    isSettled = false;
    working = look().finally(() => (working = undefined));
  };
  const stopWatching = connection.onReady(notice);

  return {
    notice,
    settled: async () => {
      notice();
      await working;
      stopped.signal.throwIfAborted();
    },
    isSettled: () => isSettled,
    stop: async () => {
      stopWatching();
      stopped.abort();
      await working;
    },
  };
}
