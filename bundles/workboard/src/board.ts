import type { JsonObject, User } from '@switchyard/bundle-sdk';
import { MAX_CARDS, createBoardStore } from './board-store.ts';
import type { BoardParts } from './board-store.ts';
import { COLUMNS, rankBetween } from './card.ts';
import type { Card, CardChange, Change, ColumnId, StoredCard } from './card.ts';

/** Who acts, and who is told. */
export interface Acting extends BoardParts {
  readonly by: string;
  readonly notify: (to: 'project', type: string, data: JsonObject) => Promise<void>;
}

export interface NewCard {
  title: string;
  notes: string;
  labels: string[];
  assignee: string;
  column: ColumnId;
}

export const nameOf = (user: Pick<User, 'username' | 'user_id'>): string => user.username ?? user.user_id;

/** The board's rules. Every change is one compare-and-set, one line of history and one word to all viewers. */
export function createBoard(acting: Acting) {
  const store = createBoardStore(acting);
  const { by, now, newId, notify } = acting;
  const stamp = (): string => new Date(now()).toISOString();

  const tell = async (what: Change['what'], card: Card, detail: string): Promise<Card> => {
    await store.note({ at: stamp(), by, card: card.id, title: card.title, what, detail });
    await notify('project', 'workboard.changed', { what, card, by });
    return card;
  };

  const change = async (
    id: string,
    version: number,
    make: (card: StoredCard) => StoredCard,
  ): Promise<Card> => {
    const { version: _seen, ...card } = (await store.find(id)) ?? missing();
    const made = make(card);
    return (await store.put({ ...made, changed_at: stamp(), changed_by: by }, version)) ?? missing();
  };

  return {
    store,
    async add(given: NewCard): Promise<Card> {
      const cards = await store.cards();
      if (cards.filter(({ archived }) => !archived).length >= MAX_CARDS)
        throw new Error(`the board holds ${MAX_CARDS} cards; archive some`);
      const last = cards.filter(({ column }) => column === given.column).at(-1);
      const at = stamp();
      const card = await store.add({
        ...given,
        id: newId(),
        rank: rankBetween(last?.rank, undefined),
        archived: false,
        created_at: at,
        created_by: by,
        changed_at: at,
        changed_by: by,
        done_at: given.column === 'done' ? at : null,
      });
      return tell('added', card, titleOf(given.column));
    },
    async edit(id: string, version: number, changes: CardChange): Promise<Card> {
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const card = await change(id, version, (former) => ({ ...former, ...given }));
      return tell('edited', card, Object.keys(given).join(', '));
    },
    /** To the end of a column, or before a card of it. */
    async move(id: string, version: number, column: ColumnId, before?: string): Promise<Card> {
      const others = (await store.cards()).filter((card) => card.column === column && card.id !== id);
      const at = before === undefined ? -1 : others.findIndex((card) => card.id === before);
      const rank =
        at === -1
          ? rankBetween(others.at(-1)?.rank, undefined)
          : rankBetween(others[at - 1]?.rank, others[at]?.rank);
      const card = await change(id, version, (former) => ({
        ...former,
        column,
        rank,
        done_at: column === 'done' ? (former.done_at ?? stamp()) : null,
      }));
      return tell('moved', card, titleOf(column));
    },
    async archive(id: string, version: number, archived: boolean): Promise<Card> {
      const card = await change(id, version, (former) => ({ ...former, archived }));
      return tell(archived ? 'archived' : 'restored', card, titleOf(card.column));
    },
  };
}

export const titleOf = (column: ColumnId): string => COLUMNS.find(({ id }) => id === column)?.title ?? column;

function missing(): never {
  throw new Error('there is no such card');
}
