import { z } from '@switchyard/bundle-sdk';

/** The columns of the board, left to right. The last one is where work ends. */
export const COLUMNS = [
  { id: 'todo', title: 'To do' },
  { id: 'doing', title: 'Doing' },
  { id: 'done', title: 'Done' },
] as const;

export const columnSchema = z.enum(['todo', 'doing', 'done']);
export type ColumnId = z.output<typeof columnSchema>;

const title = z.string().trim().min(1).max(200);
const labels = z.array(z.string().trim().min(1).max(30)).max(8);

/** What a person says of a card. */
export const cardTextSchema = z.object({
  title,
  notes: z.string().max(5_000).default(''),
  labels: labels.default([]),
  assignee: z.string().trim().max(80).default(''),
});

export const cardChangeSchema = z.object({
  title: title.optional(),
  notes: z.string().max(5_000).optional(),
  labels: labels.optional(),
  assignee: z.string().trim().max(80).optional(),
});
export type CardChange = z.output<typeof cardChangeSchema>;

/** As it is kept. */
export const storedCardSchema = cardTextSchema.extend({
  id: z.string(),
  column: columnSchema,
  /** Cards of a column stand in the order of this number; between two there is always room for a third. */
  rank: z.number(),
  archived: z.boolean(),
  created_at: z.string(),
  created_by: z.string(),
  changed_at: z.string(),
  changed_by: z.string(),
  /** When it came to the last column; null while it is elsewhere. */
  done_at: z.string().nullable(),
});
export type StoredCard = z.output<typeof storedCardSchema>;

/** As it is shown: with the version that a change must name. */
export const cardSchema = storedCardSchema.extend({ version: z.number() });
export type Card = z.output<typeof cardSchema>;

/** One line of the history. */
export const changeSchema = z.object({
  at: z.string(),
  by: z.string(),
  card: z.string(),
  title: z.string(),
  what: z.enum(['added', 'edited', 'moved', 'archived', 'restored']),
  /** Where it was moved, what was edited. */
  detail: z.string(),
});
export type Change = z.output<typeof changeSchema>;

/** Between two neighbours; absent ones are the ends of the column. */
export function rankBetween(before: number | undefined, after: number | undefined): number {
  if (before === undefined) return (after ?? 1) - 1;
  return after === undefined ? before + 1 : (before + after) / 2;
}

/** Words of the query, each somewhere in the card. Letter case does not matter. */
export function matches(card: StoredCard, query: string): boolean {
  const text = [card.title, card.notes, card.assignee, ...card.labels].join(' ').toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/u)
    .filter(Boolean)
    .every((word) => text.includes(word));
}

export function inOrder(cards: readonly Card[]): Card[] {
  return cards.toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}
