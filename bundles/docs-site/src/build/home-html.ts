import { escapeHtml } from '../escape-html.ts';
import type { NavigationGroup } from './navigation.ts';

/** What stands under a group on the first page; a group that is not here has its list alone. */
const LEDES: Readonly<Record<string, string>> = {
  Tutorials: 'Learn by making something, step by step.',
  'How-to': 'One task, from its beginning to its end.',
  Explanation: 'How it works, and why it is built this way.',
  Reference: 'Every endpoint, event, error and setting.',
  Decisions: 'Choices, with their reasons and numbers.',
};
/** Of a long group the first page shows so many; the others are a fold away. */
const SHOWN = 8;

/** The first page: where to begin, then everything there is. */
export function homeHtml(navigation: readonly NavigationGroup[]): string {
  const [first] = navigation;
  const starts = (first?.pages ?? [])
    .slice(0, 2)
    .map(
      ({ url, title }, at) =>
        `<a class="start${at === 0 ? ' is-first' : ''}" href="${url}">${escapeHtml(title)}</a>`,
    )
    .join('');
  const groups = navigation.map(({ title, pages }) => {
    const item = ({ url, title: name }: (typeof pages)[number]): string =>
      `<li><a href="${url}">${escapeHtml(name)}</a></li>`;
    const rest = pages.slice(SHOWN);
    const more =
      rest.length < 3
        ? rest.map(item).join('')
        : `</ul><details><summary>${rest.length} more</summary><ul>${rest.map(item).join('')}</ul></details><ul>`;
    const id = title.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-');
    const lede = LEDES[title] === undefined ? '' : `<p>${escapeHtml(LEDES[title])}</p>`;
    return `<section id="${id}"><h2>${escapeHtml(title)}</h2>${lede}<ul>${pages.slice(0, SHOWN).map(item).join('')}${more}</ul></section>`;
  });
  return `<div class="hero"><h1>Switchyard documentation</h1>
<p class="lede">A self-hosted runtime for chat applications: messages go in, bundles answer, and the answer streams back while it is made.</p>
<p class="starts">${starts}</p></div>
<div class="groups">${groups.join('').replaceAll('<ul></ul>', '')}</div>`;
}
