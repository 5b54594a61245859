import type { Clock, Ids } from '@switchyard/kernel';
import type { Usage } from '@switchyard/protocol';
import type { UsageEntry, UsageLog } from '@switchyard/store';

/** For whom something was used. */
export type UsedFor = Omit<UsageEntry, keyof Usage | 'at' | 'source' | 'usageId'>;

/** Keeps what a model used. `platform`: measured on a call that the platform made; `bundle`: as the bundle said. */
export type StoreUsage = (usage: Usage, source: UsageEntry['source'], usedFor: UsedFor) => Promise<void>;

/** A turn that runs again really used the model again: every record is one of its own. */
export function createStoreUsage(parts: {
  usageLog: Pick<UsageLog, 'add'>;
  ids: Pick<Ids, 'token'>;
  clock: Pick<Clock, 'now'>;
}): StoreUsage {
  const { usageLog, ids, clock } = parts;
  return (usage, source, usedFor) =>
    usageLog.add({ ...usage, ...usedFor, source, usageId: ids.token(12), at: clock.now() });
}
