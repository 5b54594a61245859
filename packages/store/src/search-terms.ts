/** A question taken apart for Postgres. `words` are lower case, letters and digits only, so they are safe inside to_tsquery. */
export interface SearchTerms {
  /** As typed, for websearch_to_tsquery: quotes and a leading minus mean what they mean on the web. */
  typed: string;
  words: string[];
}

const MAX_WORDS = 16;
const MAX_WORD_CHARACTERS = 64;
const MIN_PREFIX_CHARACTERS = 3;

// How people ask, not what they ask about. Postgres' own stop words (what, how, is, the...) are removed by Postgres.
const ASKING = new Set(
  `about anything anyone best could describe detail details does example examples explain find get give got happen happened happens help hello hey
  hi know learn let like list look mean means need please possible question read really say search see show tell thank thanks
  thing things understand use used using want way work works would write`.split(/\s+/),
);

/** Words that only phrase a question are left out, unless nothing else was typed. */
export function splitSearchTerms(text: string): SearchTerms {
  const found =
    text
      .toWellFormed()
      .toLowerCase()
      .normalize('NFC')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const distinct = [...new Set(found)].filter((word) => word.length <= MAX_WORD_CHARACTERS);
  const telling = distinct.filter((word) => !ASKING.has(word));
  return {
    typed: text.replaceAll('\0', ' ').toWellFormed(),
    words: (telling.length > 0 ? telling : distinct).slice(0, MAX_WORDS),
  };
}

/** A to_tsquery text: every word, also as the beginning of a longer one where it is long enough to mean something. */
export function prefixQuery(words: readonly string[], operator: '&' | '|'): string {
  return words
    .map((word) => (word.length >= MIN_PREFIX_CHARACTERS ? `${word}:*` : word))
    .join(` ${operator} `);
}
