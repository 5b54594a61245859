import type { Change } from '../../src/card.ts';
import { makeElement } from './make-element.ts';

/** What happened, newest first. */
export function renderHistory(changes: readonly Change[]): HTMLElement {
  const lines = changes.map(({ at, by, what, title, detail }) =>
    makeElement(
      'li',
      {},
      makeElement(
        'span',
        { attributes: { class: 'line' } },
        `${by} ${what} `,
        makeElement('b', {}, title),
        tailOf(what, detail),
      ),
      makeElement('time', { attributes: { datetime: at } }, new Date(at).toLocaleString()),
    ),
  );
  if (lines.length === 0)
    return makeElement('p', { attributes: { class: 'none' } }, 'Nothing has happened yet.');
  return makeElement('ol', { attributes: { class: 'history' } }, ...lines);
}

function tailOf(what: Change['what'], detail: string): string {
  if (what === 'moved' || what === 'added') return ` to ${detail}`;
  return what === 'edited' ? ` (${detail})` : '';
}
