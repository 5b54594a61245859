/** What a request must never leave on the prototypes of the process that answers it. */
export const POLLUTION = 'switchyard_polluted';

const NESTING = 20_000;
const INSIDE = `{"${POLLUTION}":"yes"}`;
/** As fields: the three ways to a prototype through a merge that copies what it is given. */
const POISONS = [
  `"__proto__":${INSIDE}`,
  `"constructor":{"prototype":${INSIDE}}`,
  `"__proto__":{"__proto__":${INSIDE},"toString":null}`,
  `"__proto__":null`,
  `"toString":1,"hasOwnProperty":1,"length":-1,"then":"x"`,
];
/** In the place of any value. `\ud800` is half a character, which neither UTF-8 nor Postgres can hold. */
const VALUES = [
  'null',
  'true',
  '-1',
  '1e400',
  '9007199254740993',
  '9'.repeat(400),
  '[]',
  '{}',
  '""',
  String.raw`"a\u0000b"`,
  String.raw`"a\ud800b"`,
  String.raw`"a\r\nSet-Cookie: x=y"`,
  `"${'x'.repeat(70_000)}"`,
  ...POISONS.map((poison) => `{${poison}}`),
  `[{${POISONS[0]}}]`,
  `${'['.repeat(NESTING)}${']'.repeat(NESTING)}`,
];

/** Ten megabytes: more than any route takes as JSON. */
const HUGE = `"${'x'.repeat(10 * 1024 * 1024)}"`;

/** Bodies as text that nobody sends by mistake, each made from one that the route takes. */
export function hostileBodies(good: unknown): string[] {
  const whole = ['', '{', '[1,', '"\\u', '{"a":1}}', HUGE, ...VALUES];
  if (typeof good !== 'object' || good === null || Array.isArray(good)) return whole;
  const fields = Object.entries(good).map(([key, value]) => ({ key, text: JSON.stringify(value) ?? 'null' }));
  const withField = (name: string, text: string): string =>
    `{${fields.map(({ key, text: own }) => `${JSON.stringify(key)}:${key === name ? text : own}`).join(',')}}`;
  const poisoned = POISONS.map(
    (poison) => `{${[...fields.map(({ key, text }) => `${JSON.stringify(key)}:${text}`), poison].join(',')}}`,
  );
  return [
    ...whole,
    ...poisoned,
    ...fields.flatMap(({ key }) => VALUES.map((value) => withField(key, value))),
  ];
}
