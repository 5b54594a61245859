import type { DocumentPassage } from '@switchyard/bundle-sdk';
import { placeOf } from '../passage.ts';
import type { Citation } from '../passage.ts';

const MAX_QUOTE = 280;
const MAX_FOLLOWUPS = 3;

/** The passages that the model was shown in one turn, each under the number by which its answer names it. */
export class Sources {
  readonly #citations: Citation[] = [];
  readonly #titles: string[] = [];

  get citations(): readonly Citation[] {
    return this.#citations;
  }

  /** The number of a passage; the same one again for a passage that was found before. */
  numberOf(passage: DocumentPassage): number {
    const { title, path, text } = passage;
    const anchor = passage.anchor ?? '';
    const known = this.#citations.find((one) => one.path === path && one.anchor === anchor);
    if (known !== undefined) return known.id;
    const id = this.#citations.length + 1;
    const place = placeOf({ title, heading: passage.heading ?? '' });
    this.#citations.push({ id, title: place, path, anchor, quote: quoteOf(text) });
    this.#titles.push(title);
    return id;
  }

  /** Those that the answer names as `[1]`. */
  citedIn(answer: string): Citation[] {
    return this.#citations.filter(({ id }) => answer.includes(`[${id}]`));
  }

  /** Pages that were found and not used. */
  followupsAfter(answer: string): string[] {
    const cited = new Set(this.citedIn(answer).map(({ id }) => this.#titles[id - 1]));
    const others = new Set(this.#titles.filter((title) => !cited.has(title)));
    return [...others].slice(0, MAX_FOLLOWUPS).map((title) => `Tell me about: ${title}`);
  }
}

function quoteOf(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  return line.length <= MAX_QUOTE ? line : `${line.slice(0, line.lastIndexOf(' ', MAX_QUOTE))} …`;
}
