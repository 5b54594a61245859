import { COLUMNS, matches } from './card.ts';
import type { Card } from './card.ts';
import { lineOf } from './digest.ts';

const ADD = /^\s*(?:please\s+)?add(?:\s+a\s+card)?\s*:?\s+(?<title>.+)$/isu;

/** The title of a card that a message asks to add. */
export function cardToAdd(message: string): string | undefined {
  return ADD.exec(message)?.groups?.['title']?.trim().slice(0, 200);
}

/** What the board says to a question, as markdown. Plain words decide; no model is asked. */
export function answerQuestion(message: string, cards: readonly Card[], asker: string): string {
  const open = cards.filter((card) => !card.archived);
  const words = message.toLowerCase();
  const column = columnAsked(words);
  if (/\b(mine|my cards|for me|assigned to me)\b/u.test(words))
    return list(
      'Yours',
      open.filter((card) => card.assignee === asker && card.column !== 'done'),
    );
  const found = /\b(?:find|search(?: for)?|about)\s+(?<what>.+?)[?.!]*$/iu.exec(message)?.groups?.['what'];
  if (found !== undefined)
    return list(
      `Found for “${found}”`,
      cards.filter((card) => matches(card, found)),
    );
  if (column !== undefined)
    return list(
      column.title,
      open.filter((card) => card.column === column.id),
    );
  return COLUMNS.filter(({ id }) => id !== 'done')
    .map(({ id, title }) =>
      list(
        title,
        open.filter((card) => card.column === id),
      ),
    )
    .join('\n\n');
}

function columnAsked(words: string) {
  const asked = [
    { id: 'done', pattern: /\b(done|finished|completed)\b/u },
    { id: 'doing', pattern: /\b(doing|in progress|working on|being worked)\b/u },
    { id: 'todo', pattern: /\b(to ?do|next|waiting)\b/u },
  ].find(({ pattern }) => pattern.test(words));
  return COLUMNS.find(({ id }) => id === asked?.id);
}

function list(title: string, cards: readonly Card[]): string {
  if (cards.length === 0) return `**${title}**: nothing.`;
  return [`### ${title} (${cards.length})`, '', ...cards.map(lineOf)].join('\n');
}
