import { escapeHtml } from '../escape-html.ts';
import { excerptOf, piecesOf } from './excerpt.ts';
import type { Piece } from './excerpt.ts';
import type { Found, Search } from './load-search.ts';

const MAX_QUERY = 200;
const DEFAULT_LIMIT = 8;
const PAGE_LIMIT = 30;

export const RESULTS_MARK = '<!--results-->';
export const QUERY_MARK = '<!--query-->';

/** `?q=`: JSON for the box that asks while somebody types, a page for a form that was sent. */
export function answerSearch(request: Request, search: Search, page: string): Response {
  const { searchParams } = new URL(request.url);
  const query = (searchParams.get('q') ?? '').slice(0, MAX_QUERY).trim();
  const isPage = request.headers.get('accept')?.includes('text/html') === true;
  const found = query === '' ? [] : search(query, isPage ? PAGE_LIMIT : DEFAULT_LIMIT);
  // One address, two forms: no cache may give one for the other.
  // On the shared origin a page of the site is sandboxed and asks as nobody; what is found is public anyway.
  const headers = { vary: 'Accept', 'cache-control': 'no-cache', 'access-control-allow-origin': '*' };
  if (!isPage) return Response.json({ query, results: found.map(resultOf) }, { headers });
  return new Response(pageOf(page, query, found), {
    headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
  });
}

function resultOf({ section, words }: Found) {
  const { url, title, heading } = section;
  return {
    url,
    page: title,
    heading: piecesOf(heading === '' ? title : heading, words),
    excerpt: excerptOf(section.text, words),
  };
}

function pageOf(page: string, query: string, found: readonly Found[]): string {
  const count = found.length === PAGE_LIMIT ? `${PAGE_LIMIT} or more` : String(found.length);
  const said =
    query === ''
      ? 'Write what you look for into the box above.'
      : found.length === 0
        ? `Nothing was found for “${escapeHtml(query)}”. Try fewer or other words.`
        : `${count} ${found.length === 1 ? 'section' : 'sections'} for “${escapeHtml(query)}”`;
  const items = found.map(({ section, words }) => {
    const { page: title, heading, excerpt } = resultOf({ section, words });
    // Of a page's own beginning its name is the heading.
    const where = section.heading === '' ? '' : `<span class="result-page">${escapeHtml(title)}</span>`;
    return `<li><a href="../${escapeHtml(section.url)}"><span class="result-heading">${html(heading)}</span>${where}</a><p>${html(excerpt)}</p></li>`;
  });
  const results = `<p class="lede" role="status">${said}</p><ol class="results">${items.join('')}</ol>`;
  // By a function: `$&` in what somebody asked for is no pattern.
  return page.replace(RESULTS_MARK, () => results).replace(QUERY_MARK, () => escapeHtml(query));
}

function html(pieces: readonly Piece[]): string {
  return pieces
    .map(({ text, isHit }) => (isHit ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text)))
    .join('');
}
