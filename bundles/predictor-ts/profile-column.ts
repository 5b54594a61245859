/** What one column holds. `min` and `max` are numbers, or dates as they are written. */
export interface ColumnProfile {
  readonly name: string;
  readonly kind: 'number' | 'date' | 'text' | 'empty';
  readonly filled: number;
  readonly distinct: number;
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly mean: number | null;
}

const DATE = /^\d{4}-\d{2}-\d{2}/u;

export function profileColumn(name: string, values: readonly string[]): ColumnProfile {
  const filled = values.filter((value) => value.trim() !== '');
  const facts = { name, filled: filled.length, distinct: new Set(filled).size };
  const none = { min: null, max: null, mean: null };
  if (filled.length === 0) return { ...facts, kind: 'empty', ...none };
  const numbers = filled.map(Number);
  if (numbers.every(Number.isFinite)) {
    const bounds = { min: smallest(numbers), max: smallest(numbers, -1) };
    return {
      ...facts,
      kind: 'number',
      ...bounds,
      mean: numbers.reduce((sum, one) => sum + one, 0) / numbers.length,
    };
  }
  if (!filled.every((value) => DATE.test(value) && !Number.isNaN(Date.parse(value))))
    return { ...facts, kind: 'text', ...none };
  const dates = filled.toSorted();
  return { ...facts, kind: 'date', min: dates[0] ?? null, max: dates.at(-1) ?? null, mean: null };
}

/** Not Math.min(...): a column may have more values than a call may have arguments. */
function smallest(numbers: readonly number[], sign = 1): number {
  return sign * numbers.reduce((least, one) => Math.min(least, sign * one), Number.POSITIVE_INFINITY);
}
