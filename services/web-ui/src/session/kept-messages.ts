import type { OutboxItem, OutboxStorage } from '@switchyard/client';

/** A message as it lies in the browser's database. */
interface KeptMessage {
  key: string;
  /** Whose it is: only pages of the same session take it up. */
  sessionId: string;
  /** The tab that sends it; a name of a Web Lock that the tab holds as long as it lives. */
  tab: string;
  item: OutboxItem;
}

export interface KeptMessagesOptions {
  database: IDBFactory;
  sessionId: string;
  tab: string;
  /** Which tabs live. */
  livingTabs(): Promise<ReadonlySet<string>>;
}

export interface KeptMessages extends OutboxStorage {
  /** Whoever signs out leaves nothing behind. */
  clear(): Promise<void>;
}

const DATABASE = 'switchyard.outbox';
const STORE = 'messages';

/**
 * Messages that wait, in IndexedDB: a reload keeps them, with their files. A tab takes up those of tabs that are gone. Should
 * two take up the same one, it is still one message for the server, which knows its key.
 */
export function createKeptMessages({
  database,
  sessionId,
  tab,
  livingTabs,
}: KeptMessagesOptions): KeptMessages {
  const put = (item: OutboxItem): Promise<void> =>
    change(database, (store) => store.put({ key: item.key, sessionId, tab, item } satisfies KeptMessage));
  return {
    async load() {
      const [all, living] = await Promise.all([readAll(database), livingTabs()]);
      const orphans = all.filter(
        (kept) => kept.sessionId === sessionId && (kept.tab === tab || !living.has(kept.tab)),
      );
      for (const { item } of orphans) await put(item);
      return orphans.map(({ item }) => item);
    },
    save: put,
    remove: (key) => change(database, (store) => store.delete(key)),
    async clear() {
      const all = await readAll(database);
      for (const kept of all) {
        if (kept.sessionId === sessionId) await change(database, (store) => store.delete(kept.key));
      }
    },
  };
}

function open(database: IDBFactory): Promise<IDBDatabase> {
  const request = database.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () =>
    request.result.createObjectStore(STORE, { keyPath: 'key' }),
  );
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('the database failed')));
  });
}

async function readAll(database: IDBFactory): Promise<KeptMessage[]> {
  const opened = await open(database);
  try {
    return (await settled(opened.transaction(STORE).objectStore(STORE).getAll())) as KeptMessage[];
  } finally {
    opened.close();
  }
}

/** One change, on disk when this resolves. */
async function change(database: IDBFactory, make: (store: IDBObjectStore) => IDBRequest): Promise<void> {
  const opened = await open(database);
  try {
    const transaction = opened.transaction(STORE, 'readwrite');
    make(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () =>
        reject(transaction.error ?? new Error('the database refused')),
      );
    });
  } finally {
    opened.close();
  }
}
