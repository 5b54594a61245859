/**
 * Whether what came is what a case says. Objects hold at least what is named, lists exactly; `{"~match": "regex"}`, `{"~any": true}`,
 * `{"~absent": true}` and `{"~length": n}` stand for values. Answers the first difference, undefined when there is none.
 */
export function findDifference(wanted: unknown, got: unknown, at = '$'): string | undefined {
  const wrong = () => `${at}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)?.slice(0, 400)}`;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) return wrong();
    return firstOf(wanted.map((one, index) => findDifference(one, got[index], `${at}[${index}]`)));
  }
  if (typeof wanted !== 'object' || wanted === null) return Object.is(wanted, got) ? undefined : wrong();
  const rules = wanted as Record<string, unknown>;
  if (rules['~any'] === true) return got === undefined ? wrong() : undefined;
  if (typeof rules['~match'] === 'string')
    return typeof got === 'string' && new RegExp(rules['~match'], 'u').test(got) ? undefined : wrong();
  if (typeof rules['~length'] === 'number')
    return (Array.isArray(got) || typeof got === 'string') && got.length === rules['~length']
      ? undefined
      : wrong();
  if (typeof got !== 'object' || got === null) return wrong();
  return firstOf(
    Object.entries(rules).map(([key, value]) => {
      const isAbsent = typeof value === 'object' && value !== null && '~absent' in value;
      const found = Object.hasOwn(got, key) ? (Reflect.get(got, key) as unknown) : undefined;
      if (isAbsent) return found === undefined ? undefined : `${at}.${key}: wanted absent`;
      return findDifference(value, found, `${at}.${key}`);
    }),
  );
}

function firstOf(found: readonly (string | undefined)[]): string | undefined {
  return found.find((one) => one !== undefined);
}
