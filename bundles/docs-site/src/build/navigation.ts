import { Marked } from 'marked';
import type { Token, Tokens } from 'marked';
import { urlOfFile } from './page-url.ts';
import { plainText } from './plain-text.ts';

export interface NavigationGroup {
  readonly title: string;
  readonly pages: readonly { readonly url: string; readonly title: string }[];
}

/** The groups of the first page: each of its headings that has a list of pages below it. */
export function readNavigation(readme: string): NavigationGroup[] {
  const groups: { title: string; pages: { url: string; title: string }[] }[] = [];
  for (const token of new Marked().lexer(readme)) {
    if (token.type === 'heading') groups.push({ title: plainText([token]), pages: [] });
    if (token.type === 'list') groups.at(-1)?.pages.push(...pagesOf(token as Tokens.List));
  }
  return groups.filter(({ pages }) => pages.length > 0);
}

function pagesOf(list: Tokens.List): { url: string; title: string }[] {
  return list.items
    .flatMap(({ tokens }) => linksOf(tokens))
    .map(({ href, tokens }) => ({ url: urlOfFile(href), title: plainText(tokens) }));
}

function linksOf(tokens: readonly Token[]): Tokens.Link[] {
  return tokens.flatMap((token) => {
    if (token.type === 'link') return [token as Tokens.Link];
    return 'tokens' in token && token.tokens !== undefined ? linksOf(token.tokens) : [];
  });
}
