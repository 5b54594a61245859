import type { Keys, Subscriber } from '@switchyard/redis';
import { subscribeInTime } from './session-feeds.ts';

/** The one subscription of this process to what all of a project's streams are told: there as long as anybody follows. */
export interface ProjectNotices {
  /**
   * Resolves when it stands: from then on nothing is missed while the connection holds. Every acquire needs one `release`; a rejected
   * one (UNAVAILABLE) needs none.
   */
  acquire(): Promise<void>;
  release(): void;
  close(): Promise<void>;
}

type Leave = () => Promise<void>;

/** @param readers told at each notice, a line of JSON; must not throw */
export function createProjectNotices(
  subscriber: Subscriber,
  keys: Pick<Keys, 'relayProject'>,
  readers: Iterable<{ notice(data: string): void }>,
): ProjectNotices {
  let standing: { subscribed: Promise<void>; end: Leave | undefined } | undefined;
  let holders = 0;
  const tell = (data: string): void => {
    for (const reader of readers) reader.notice(data);
  };
  const begin = () => {
    const begun: NonNullable<typeof standing> = { subscribed: Promise.resolve(), end: undefined };
    begun.subscribed = subscribeInTime(subscriber, keys.relayProject(), tell).then(async (end) => {
      // Everybody may have gone while the subscription was under way.
      if (standing !== begun) return end();
      begun.end = end;
    });
    return begun;
  };
  const leave = async (): Promise<void> => {
    const left = standing;
    standing = undefined;
    // A failed unsubscribe means a broken connection, and with it the subscription is gone as well.
    await left?.end?.().catch(() => undefined);
  };
  const release = (): void => {
    holders -= 1;
    if (holders === 0) void leave();
  };
  return {
    release,
    async acquire() {
      holders += 1;
      const own = (standing ??= begin());
      try {
        await own.subscribed;
      } catch (error) {
        if (standing === own) standing = undefined;
        release();
        throw error;
      }
    },
    close: leave,
  };
}
