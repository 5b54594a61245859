import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CONFORMANCE } from '../../test/conformance-table.ts';
import { ROWS } from '../../test/static-rows.ts';

const ROOT = path.join(import.meta.dirname, '../../../..');

/** Titles as they stand in the files of tests: a renamed or removed one is gone from here too. */
function titles(): Set<string> {
  const places = [
    'services/chat-proc/src/web/**/*.test.ts',
    'packages/web-store/src/**/*.test.ts',
    'packages/store/src/web-responses.int.test.ts',
    'bundles/web-gateway/src/*.test.ts',
  ];
  const files = globSync(places, { cwd: ROOT });
  const found = new Set<string>(ROWS.map(({ what }) => what));
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, , title = ''] of text.matchAll(/(?:test|describe)\(\s*(['"])(.+?)\1,/gu)) found.add(title);
    for (const [, , title = ''] of text.matchAll(/\)\(\s*(['"])(.+?)\1,/gu)) found.add(title);
  }
  return found;
}

test.for(Object.entries(CONFORMANCE))('%s', ([, cases]) => {
  expect(cases.length).toBeGreaterThan(0);
  const known = titles();
  expect(cases.filter((name) => !known.has(name))).toEqual([]);
});

test('every row of static serving holds a sentence, or is named here', () => {
  const named = new Set(Object.values(CONFORMANCE).flat());
  const beside = ROWS.map(({ what }) => what).filter(
    (what) => !named.has(what) && !what.startsWith('traversal '),
  );
  expect(beside).toEqual([
    'a decomposed name',
    'rules are no pages',
    'gzip where it weighs more',
    'OPTIONS',
    'another method where nothing is',
    'an empty segment is no host',
    'an empty segment',
  ]);
});
