import type { JsonObject } from './contexts.ts';
import type { MetricMode } from './predictor-definition.ts';

const MAX_WORDS = 4;

/** Metrics of one prediction by dotted name. `told` hears the value of a name's first word whenever it changes. */
export function createPredictMetrics(told: (name: string, value: unknown) => void) {
  let values: JsonObject = {};
  return (name: string, value: unknown, mode: MetricMode = 'replace'): void => {
    const words = name.split('.');
    if (words.some((word) => word === '') || words.length > MAX_WORDS)
      throw new TypeError(`"${name}" is no name of a metric: one to four words joined by dots`);
    const [first = ''] = words;
    if (first === 'predict_time') throw new TypeError('predict_time is measured by the server');
    values = put(values, words, value, mode);
    told(first, values[first] ?? null);
  };
}

function put(
  place: JsonObject,
  [word = '', ...below]: readonly string[],
  value: unknown,
  mode: MetricMode,
): JsonObject {
  const former = Object.hasOwn(place, word) ? place[word] : undefined;
  if (below.length === 0) return { ...place, [word]: merged(word, former, value, mode) };
  if (former !== undefined && (typeof former !== 'object' || former === null || Array.isArray(former)))
    throw new TypeError(`the metric "${word}" has a value, nothing can be below it`);
  return { ...place, [word]: put((former ?? {}) as JsonObject, below, value, mode) };
}

function merged(word: string, former: unknown, value: unknown, mode: MetricMode): unknown {
  switch (mode) {
    case 'replace':
      return value;
    case 'increment':
      if (typeof value !== 'number' || (former !== undefined && typeof former !== 'number'))
        throw new TypeError(`the metric "${word}" cannot be incremented`);
      return (former ?? 0) + value;
    case 'append':
      if (former !== undefined && !Array.isArray(former))
        throw new TypeError(`the metric "${word}" is no list, nothing can be appended to it`);
      return [...((former as unknown[] | undefined) ?? []), value];
  }
}
