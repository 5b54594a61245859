import { UsageError } from './exit-codes.ts';

/**
 * `name=Ada limit=3 tags='["a"]'` as an object. A value that is JSON is taken as that, anything else as text; `name:=text` always as text.
 */
export function readPairs(pairs: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`${pair} is not name=value.`);
    const isText = pair[at - 1] === ':';
    const name = pair.slice(0, isText ? at - 1 : at);
    const text = pair.slice(at + 1);
    values[name] = isText ? text : valueOf(text);
  }
  return values;
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
