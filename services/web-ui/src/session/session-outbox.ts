import { createMemoryOutboxStorage } from '@switchyard/client';
import type { OutboxItem, OutboxStorage } from '@switchyard/client';
import { createKeptMessages } from './kept-messages.ts';
import type { KeptMessages } from './kept-messages.ts';

/** Where the page keeps its messages, once it knows whose they are. */
export interface SessionStorageOfMessages extends OutboxStorage {
  /** From now on messages are kept for this session; those that were written before it was known too. */
  keepFor(sessionId: string): Promise<void>;
  clear(): Promise<void>;
}

export interface SessionOutboxOptions {
  database: IDBFactory | undefined;
  locks: Pick<LockManager, 'request' | 'query'> | undefined;
  newId(): string;
}

const TAB_PREFIX = 'switchyard.tab.';

/** In memory until the session is known and where the browser keeps nothing; in IndexedDB from then on. */
export function createSessionStorage(options: SessionOutboxOptions): SessionStorageOfMessages {
  const { database, locks } = options;
  const early = createMemoryOutboxStorage();
  const tab = TAB_PREFIX + options.newId();
  // Held as long as this tab lives: by it the others see that its messages are being sent.
  void locks?.request(tab, () => new Promise<void>(() => undefined)).catch(() => undefined);
  let kept: KeptMessages | undefined;
  const storage = (): OutboxStorage => kept ?? early;
  return {
    load: () => storage().load(),
    save: (item: OutboxItem) => storage().save(item),
    remove: (key) => storage().remove(key),
    async keepFor(sessionId) {
      if (kept !== undefined || database === undefined) return;
      const livingTabs = async () => {
        const { held = [] } = (await locks?.query()) ?? {};
        return new Set(held.map(({ name = '' }) => name));
      };
      kept = createKeptMessages({ database, sessionId, tab, livingTabs });
      for (const item of await early.load()) await kept.save(item);
    },
    clear: async () => kept?.clear(),
  };
}
