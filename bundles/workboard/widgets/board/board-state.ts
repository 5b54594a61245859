import type { Card, ColumnId } from '../../src/card.ts';

/** What the board shows now. Cards by id, each at the newest version that was heard of, from whatever side. */
export class BoardState {
  readonly #cards = new Map<string, Card>();
  query = '';
  found: readonly Card[] = [];
  /** The one column that is shown where there is room for one. */
  column: ColumnId = 'todo';
  isHistoryOpen = false;

  /** All of it was read anew. */
  replace(cards: readonly Card[]): void {
    this.#cards.clear();
    for (const card of cards) this.#cards.set(card.id, card);
  }

  /** Updates overtake answers and each other: an older version changes nothing. */
  take(card: Card): void {
    const known = this.#cards.get(card.id);
    if (known !== undefined && known.version >= card.version) return;
    this.#cards.set(card.id, card);
    this.found = this.found.map((one) => (one.id === card.id ? card : one));
  }

  get(id: string): Card | undefined {
    return this.#cards.get(id) ?? this.found.find((card) => card.id === id);
  }

  in(column: ColumnId): Card[] {
    return [...this.#cards.values()]
      .filter((card) => card.column === column && !card.archived)
      .toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
  }
}
