import { COLUMNS } from './card.ts';
import type { Card, Change } from './card.ts';

/** The board as markdown: what is open, what was finished, what happened. */
export function writeDigest(cards: readonly Card[], history: readonly Change[], at: string): string {
  const columns = COLUMNS.flatMap(({ id, title }) => {
    const here = cards.filter((card) => card.column === id && !card.archived);
    return [`## ${title} (${here.length})`, '', ...here.map(lineOf), ''];
  });
  const changes = history.map(
    ({ at: when, by, what, title, detail }) =>
      `- ${when.slice(0, 16).replace('T', ' ')} ${by} ${what} **${title}** ${detail}`,
  );
  return [`# Workboard, ${at.slice(0, 10)}`, '', ...columns, '## What happened', '', ...changes, ''].join(
    '\n',
  );
}

/** A card as one line of a list. */
export function lineOf({ title, assignee, labels }: Card): string {
  const who = assignee === '' ? '' : ` — ${assignee}`;
  return `- **${title}**${who}${labels.map((label) => ` \`${label}\``).join('')}`;
}
