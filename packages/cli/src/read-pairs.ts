import { UsageError } from './exit-codes.ts';

/**
 * `name=Ada limit=3 tags='["a"]'` as an object. A value that is JSON is taken as that, anything else as text; `name:=text` always as text.
 */
export function readPairs(pairs: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const pair of pairs) {
    const { name, text, isText } = splitPair(pair);
    values[name] = isText ? text : valueOf(text);
  }
  return values;
}

/** Throws UsageError for what is no pair. `isText`: it was written with `:=`. */
export function splitPair(pair: string): {
  readonly name: string;
  readonly text: string;
  readonly isText: boolean;
} {
  const at = pair.indexOf('=');
  if (at < 1) throw new UsageError(`${pair} is not name=value.`);
  const isText = pair[at - 1] === ':';
  return { name: pair.slice(0, isText ? at - 1 : at), text: pair.slice(at + 1), isText };
}

/** JSON where it is JSON, else text. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
