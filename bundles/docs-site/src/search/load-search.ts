import { readFile } from 'node:fs/promises';
import type { MiniSearch as MiniSearchClass } from './mini-search.ts';
import type { Section } from './section.ts';

export interface Found {
  readonly section: Section;
  /** Words of the documents that were found for what was asked, in small letters. */
  readonly words: readonly string[];
}

/** Best first. */
export type Search = (query: string, limit: number) => Found[];

const BOOST = { heading: 3, title: 2 };
/** Why something was decided is rarely what somebody looks for who asks how to use it. */
const DECISIONS = 0.4;
/** From this length on a word is found with one letter of five wrong. */
const FUZZY_FROM = 5;
const FUZZY = 0.2;

/** Reads what the build made of the pages, and indexes it: 0.1 s for a thousand sections. */
export async function loadSearch(file: string): Promise<Search> {
  const sections = JSON.parse(await readFile(file, 'utf8')) as Section[];
  const { MiniSearch } = (await import(new URL('../../dist/mini-search.js', import.meta.url).href)) as {
    MiniSearch: typeof MiniSearchClass;
  };
  const index = new MiniSearch<Section & { id: number }>({ fields: ['title', 'heading', 'text'] });
  index.addAll(sections.map((section, id) => ({ ...section, id })));
  const options = {
    boost: BOOST,
    prefix: true,
    fuzzy: (term: string) => (term.length < FUZZY_FROM ? false : FUZZY),
    boostDocument: (id: number) => (sections[id]?.url.startsWith('decisions/') === true ? DECISIONS : 1),
  };
  return (query, limit) => {
    // All words first; only where no section has all of them is one enough.
    const all = index.search(query, { ...options, combineWith: 'AND' });
    const found = all.length > 0 ? all : index.search(query, options);
    return found.slice(0, limit).flatMap(({ id, terms }) => {
      const section = sections[id as number];
      return section === undefined ? [] : [{ section, words: terms }];
    });
  };
}
