import type { OutboxItem } from './outbox-item.ts';

/** Where messages wait that are not sent yet. Rejections cost what a restart would lose, nothing else. */
export interface OutboxStorage {
  /** What was kept, in any order. */
  load(): Promise<readonly OutboxItem[]>;
  /** Keeps an item, in place of one with the same key. */
  save(item: OutboxItem): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Keeps them as long as the process lives. */
export function createMemoryOutboxStorage(): OutboxStorage {
  const items = new Map<string, OutboxItem>();
  return {
    load: async () => [...items.values()],
    save: async (item) => void items.set(item.key, item),
    remove: async (key) => void items.delete(key),
  };
}
