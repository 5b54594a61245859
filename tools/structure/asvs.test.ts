import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/**
 * How many requirements of levels 1 and 2 each section of OWASP ASVS 5.0.0 has; they stand before those of level 3, so that they are the
 * first so many. From `OWASP_Application_Security_Verification_Standard_5.0.0_en.csv`.
 */
const SECTIONS: Readonly<Record<string, readonly number[]>> = {
  1: [2, 9, 11, 3, 2],
  2: [3, 3, 4, 1],
  3: [0, 2, 4, 6, 5, 0, 2],
  4: [3, 1, 2, 4],
  5: [1, 3, 2, 3],
  6: [3, 12, 4, 4, 5, 3, 0, 4],
  7: [3, 4, 2, 5, 2, 2],
  8: [2, 3, 1, 1],
  9: [3, 4],
  10: [2, 2, 4, 11, 5, 2, 3],
  11: [2, 3, 3, 4, 1, 1, 0],
  12: [3, 2, 4],
  13: [1, 5, 2, 5],
  14: [2, 4, 3],
  15: [3, 3, 7, 0],
  16: [1, 5, 4, 3, 3],
  17: [1, 4, 2],
};
const REQUIREMENTS = Object.entries(SECTIONS).flatMap(([chapter, sections]) =>
  sections.flatMap((count, at) =>
    Array.from({ length: count }, (_, index) => `${chapter}.${at + 1}.${index + 1}`),
  ),
);

const page = readFileSync(new URL('../../docs/explanation/security.md', import.meta.url), 'utf8');
const [table = '', list = ''] = page.split('## What is not met, in one list');
const NUMBER = /\b(\d{1,2})\.(\d)\.(\d{1,2})(?:-(\d{1,2}))?\b/g;

const numbersIn = (text: string): string[] =>
  [...text.matchAll(NUMBER)].flatMap(([, chapter = '', section = '', from = '', to = from]) =>
    Array.from(
      { length: Number(to) - Number(from) + 1 },
      (_, index) => `${chapter}.${section}.${Number(from) + index}`,
    ),
  );

const ROWS = [...table.matchAll(/^\| V(\d+\.\d+) [^|]*\| ([^|]*) \| ([^|]*) \| (.*) \|$/gm)].map(
  ([, section = '', requirements = '', state = '', text = '']) => ({ section, requirements, state, text }),
);

test('every requirement of levels 1 and 2 stands in one row of its section, and none is invented', () => {
  expect(REQUIREMENTS).toHaveLength(253);
  expect(ROWS.flatMap(({ requirements }) => numbersIn(requirements))).toEqual(REQUIREMENTS);
  const misplaced = ROWS.filter(({ section, requirements }) => !requirements.startsWith(`${section}.1`));
  expect(misplaced).toEqual([]);
});

test('a number that a row or the list of what is not met names is one of the standard', () => {
  const named = [...ROWS.flatMap(({ text }) => numbersIn(text)), ...numbersIn(list)];
  expect(named.filter((each) => !REQUIREMENTS.includes(each))).toEqual([]);
});

test('what is not met is in the list, and the list has nothing of a row that says that it is', () => {
  const missing = numbersIn(list);
  const sectionOf = (number: string): string => number.split('.').slice(0, 2).join('.');
  const open = ROWS.filter(({ state }) => state === 'partly' || state.startsWith('not met'));
  expect([...new Set(missing.map(sectionOf))].toSorted()).toEqual(
    open.map(({ section }) => section).toSorted(),
  );
  for (const { section, text } of open)
    expect(numbersIn(text)).toEqual(
      expect.arrayContaining(missing.filter((number) => sectionOf(number) === section)),
    );
});

test('every test that the page names is there', () => {
  const named = [...page.matchAll(/`((?:packages|services|tests|tools)\/[\w/.-]+\.ts)`/g)].map(
    ([, path = '']) => path,
  );
  expect(named.length).toBeGreaterThan(100);
  const gone = new Set(
    named.filter((path) => {
      try {
        return readFileSync(new URL(`../../${path}`, import.meta.url)).length === 0;
      } catch {
        return true;
      }
    }),
  );
  expect([...gone]).toEqual([]);
});
