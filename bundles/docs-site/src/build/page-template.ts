import { escapeHtml } from '../escape-html.ts';
import type { DocPage } from './doc-page.ts';
import type { NavigationGroup } from './navigation.ts';
import { rootOf } from './page-url.ts';

/** Addresses of what every page names, below the root of the site. */
export interface Assets {
  readonly style: string;
  readonly script: string;
  readonly faces: readonly string[];
}

export interface Frame {
  readonly assets: Assets;
  readonly navigation: readonly NavigationGroup[];
}

const MARK =
  '<svg width="20" height="20" viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M4 20V2M4 16C4 10 16 12 16 2M18 20V9"/></svg>';
const LENS =
  '<svg class="lens" width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/></svg>';
const MENU =
  '<svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" aria-hidden="true"><path d="M3 5h12M3 9h12M3 13h12"/></svg>';
const SUN =
  '<svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" aria-hidden="true"><circle cx="9" cy="9" r="6"/><path d="M9 3a6 6 0 0 1 0 12z" fill="currentColor" stroke="none"/></svg>';

export interface PageOptions {
  readonly url: string;
  /** Undefined: from the address of the page. */
  readonly root?: string;
  readonly title: string;
  readonly summary: string;
  readonly main: string;
  readonly aside?: string;
  readonly kind?: string;
  /** Stands before everything that has an address. */
  readonly base?: string;
  /** What stands in the search box, as it is. */
  readonly query?: string;
}

/** A whole page. */
export function pageHtml({ assets, navigation }: Frame, options: PageOptions): string {
  const { url, title, summary, main, aside = '', kind = 'doc', base = '', query = '' } = options;
  const root = options.root ?? rootOf(url);
  const home = root === '' ? './' : root;
  const faces = assets.faces
    .map((face) => `<link rel="preload" href="${root}${face}" as="font" type="font/woff2" crossorigin>`)
    .join('\n');
  return `<!doctype html>
<html lang="en" data-root="${root}">
<head>
<meta charset="utf-8">${base}
<title>${escapeHtml(title)} · Switchyard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escapeHtml(summary)}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<script src="${root}${assets.script}"></script>
${faces}
<link rel="stylesheet" href="${root}${assets.style}">
</head>
<body class="${kind}">
<a class="skip" href="#main">Skip to the text</a>
<header class="top">
<a class="brand" href="${home}">${MARK}<span>Switchyard</span> <span class="brand-docs">docs</span></a>
<form class="search" role="search" action="${root}api/search" method="get">
${LENS}<input type="search" name="q" value="${query}" placeholder="Search" aria-label="Search the documentation" autocomplete="off" spellcheck="false" maxlength="200"><kbd aria-hidden="true">/</kbd>
</form>
<button class="theme" type="button" hidden aria-label="Switch between light and dark">${SUN}</button>
</header>
<details class="menu"><summary>${MENU}<span>All pages</span></summary>${navigationHtml(navigation, url, root, 'All pages')}</details>
<div class="columns">
<aside class="side">${navigationHtml(navigation, url, root, 'Pages')}</aside>
<main id="main" tabindex="-1">
${main}
</main>
${aside}
</div>
</body>
</html>
`;
}

function navigationHtml(
  groups: readonly NavigationGroup[],
  current: string,
  root: string,
  label: string,
): string {
  const items = groups.map(({ title, pages }) => {
    const links = pages
      .map(
        ({ url, title: name }) =>
          `<li><a href="${root}${url}"${url === current ? ' aria-current="page"' : ''}>${escapeHtml(name)}</a></li>`,
      )
      .join('');
    // What is long and rarely wanted is open only around the page that is read.
    const isOpen = pages.length <= 30 || pages.some(({ url }) => url === current);
    return `<details class="group"${isOpen ? ' open' : ''}><summary>${escapeHtml(title)}</summary><ul>${links}</ul></details>`;
  });
  return `<nav aria-label="${label}">${items.join('')}</nav>`;
}

/** The text of a page with what is around it: where it belongs, its title, its neighbours. */
export function articleHtml(page: DocPage, navigation: readonly NavigationGroup[]): string {
  const group = navigation.find(({ pages }) => pages.some(({ url }) => url === page.url));
  const kicker = group === undefined ? '' : `<p class="kicker">${escapeHtml(group.title)}</p>`;
  return `<article>${kicker}<h1>${escapeHtml(page.title)}</h1>
${page.html}</article>
${neighboursHtml(page, navigation)}`;
}

function neighboursHtml(page: DocPage, navigation: readonly NavigationGroup[]): string {
  const all = navigation.flatMap(({ pages }) => pages);
  const at = all.findIndex(({ url }) => url === page.url);
  if (at < 0) return '';
  const root = rootOf(page.url);
  const link = (to: (typeof all)[number] | undefined, word: string, name: string): string =>
    to === undefined
      ? '<span></span>'
      : `<a class="${name}" rel="${name}" href="${root}${to.url}"><small>${word}</small>${escapeHtml(to.title)}</a>`;
  return `<nav class="neighbours" aria-label="Neighbours">${link(all[at - 1], 'Before', 'prev')}${link(all[at + 1], 'Next', 'next')}</nav>`;
}

/** The headings of a page, where there is more than one. */
export function contentsHtml({ headings }: Pick<DocPage, 'headings'>): string {
  if (headings.length < 2) return '';
  const items = headings.map(({ id, text }) => `<li><a href="#${id}">${escapeHtml(text)}</a></li>`).join('');
  return `<aside class="contents"><nav aria-label="On this page"><p>On this page</p><ul>${items}</ul></nav></aside>`;
}
