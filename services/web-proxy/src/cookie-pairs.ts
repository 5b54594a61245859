/** One `name=value` of a `Cookie` header, as it was written. */
export interface CookiePair {
  readonly name: string;
  readonly value: string;
  readonly text: string;
}

/**
 * The pairs of a `Cookie` header. They are taken apart and put together as they stand: a value may be signed, and a name that no library would
 * write is a browser's business, not an error.
 */
export const readCookiePairs = (header: string): CookiePair[] =>
  header.split(';').flatMap((each) => {
    const text = each.trim();
    if (text === '') return [];
    const equals = text.indexOf('=');
    if (equals < 0) return [{ name: text, value: '', text }];
    return [{ name: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim(), text }];
  });

/** Undefined: nothing is left. */
export const writeCookiePairs = (pairs: readonly CookiePair[]): string | undefined =>
  pairs.length === 0 ? undefined : pairs.map(({ text }) => text).join('; ');
