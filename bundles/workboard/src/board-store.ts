import type { Kv } from '@switchyard/bundle-sdk';
import { changeSchema, inOrder, storedCardSchema } from './card.ts';
import type { Card, Change, StoredCard } from './card.ts';

/** What the store needs: values with versions, a clock and a source of ids. */
export interface BoardParts {
  readonly kv: Kv;
  readonly now: () => number;
  readonly newId: () => string;
}

/** A change that another one came before. Carries the card as it is now. */
export class Conflict extends Error {
  readonly current: Card;

  constructor(current: Card) {
    super('The card was changed meanwhile.');
    this.name = 'Conflict';
    this.current = current;
  }
}

export interface BoardStore {
  /** All cards, archived ones among them, in the order of their columns. */
  cards(): Promise<Card[]>;
  find(id: string): Promise<Card | undefined>;
  add(card: StoredCard): Promise<Card>;
  /** Only over the version that the caller saw. Rejects with `Conflict`; undefined: there is no such card. */
  put(card: StoredCard, version: number): Promise<Card | undefined>;
  /** Newest first. */
  history(limit: number): Promise<Change[]>;
  note(change: Change): Promise<void>;
}

const PAGE = 100;
/** More than a board can show; a list that grows without end would be read with every look at it. */
export const MAX_CARDS = 1_000;
const HISTORY_KEPT_SEC = 90 * 24 * 3600;
/** Keys are read in rising order; the newest change must come first. */
const LATEST_MS = 10 ** 14;

export function createBoardStore({ kv, now, newId }: BoardParts): BoardStore {
  const cardOf = (entry: { value: unknown; version: number } | null): Card | undefined =>
    entry === null ? undefined : { ...storedCardSchema.parse(entry.value), version: entry.version };
  const find = async (id: string): Promise<Card | undefined> => cardOf(await kv.getEntry(keyOf(id)));

  return {
    find,
    async cards() {
      const found: Card[] = [];
      let cursor: string | undefined;
      do {
        const page = await kv.list('card/', { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
        for (const entry of page.items) {
          const card = cardOf(entry);
          if (card !== undefined) found.push(card);
        }
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      return inOrder(found);
    },
    async add(card) {
      const entry = await kv.set(keyOf(card.id), card, { ifVersion: 0 });
      if (entry === null) throw new Error(`the id ${card.id} was given twice`);
      return { ...card, version: entry.version };
    },
    async put(card, version) {
      const entry = await kv.set(keyOf(card.id), card, { ifVersion: version });
      if (entry !== null) return { ...card, version: entry.version };
      const current = await find(card.id);
      if (current === undefined) return undefined;
      throw new Conflict(current);
    },
    async history(limit) {
      const { items } = await kv.list('change/', { limit });
      return items.map(({ value }) => changeSchema.parse(value));
    },
    async note(change) {
      const key = `change/${String(LATEST_MS - now()).padStart(15, '0')}-${newId()}`;
      await kv.set(key, change, { ttlSec: HISTORY_KEPT_SEC });
    },
  };
}

const keyOf = (id: string): string => `card/${id}`;
