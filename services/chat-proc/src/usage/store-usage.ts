import { retry } from '@switchyard/kernel';
import type { Clock, Ids, RetryTable } from '@switchyard/kernel';
import type { Usage } from '@switchyard/protocol';
import type { UsageEntry, UsageLog } from '@switchyard/store';

/** For whom something was used. */
export type UsedFor = Omit<UsageEntry, keyof Usage | 'at' | 'source' | 'usageId'>;

/** Keeps what a model used. `platform`: measured on a call that the platform made; `bundle`: as the bundle said. */
export type StoreUsage = (usage: Usage, source: UsageEntry['source'], usedFor: UsedFor) => Promise<void>;

/** 50 to 1,000 ms: a restart of Postgres is not survived, a connection that broke is. The stream of the answer waits as long. */
const RETRIES: RetryTable = { UNAVAILABLE: { attempts: 4, minMs: 100, maxMs: 1_000 } };

/** One id a record, so that a write whose answer was lost counts once. A turn that runs again really used the model again: every record is one of its own. */
export function createStoreUsage(parts: {
  usageLog: Pick<UsageLog, 'add'>;
  ids: Pick<Ids, 'token'>;
  clock: Pick<Clock, 'now'>;
  random: () => number;
}): StoreUsage {
  const { usageLog, ids, clock, random } = parts;
  return async (usage, source, usedFor) => {
    const entry = { ...usage, ...usedFor, source, usageId: ids.token(12), at: clock.now() };
    await retry(() => usageLog.add(entry), { table: RETRIES, random });
  };
}
