import type { Keys, Subscriber } from '@switchyard/redis';
import { subscribeInTime } from './session-feeds.ts';

/** The one subscription of this process to what all of a project's streams are told. */
export interface ProjectNotices {
  /** Resolves when it stands: from then on nothing is missed while the connection holds. Rejects UNAVAILABLE; the next call tries again. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function createProjectNotices(
  subscriber: Subscriber,
  keys: Pick<Keys, 'relayProject'>,
  readers: Iterable<{ notice(data: string): void }>,
): ProjectNotices {
  const tell = (data: string): void => {
    for (const reader of readers) reader.notice(data);
  };
  let standing: Promise<() => Promise<void>> | undefined;
  return {
    async ready() {
      standing ??= subscribeInTime(subscriber, keys.relayProject(), tell).catch((error: unknown) => {
        standing = undefined;
        throw error;
      });
      await standing;
    },
    async close() {
      const leave = await standing?.catch(() => undefined);
      // A failed unsubscribe means a broken connection, and with it the subscription is gone as well.
      await leave?.().catch(() => undefined);
    },
  };
}
