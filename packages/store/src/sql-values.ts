/** Replaces what Postgres cannot store in a text (NUL, lone surrogates) by U+FFFD. */
export function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** A value for a `jsonb` column: the driver would write arrays as Postgres arrays, and `jsonb` refuses NUL. */
export function json(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? cleanText(part) : part));
}
