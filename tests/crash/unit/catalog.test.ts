import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAILPOINTS } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { CASES, STALLS, THROWS } from '../cases.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ROOMS = ['packages', 'services'];
const CALL = /\bfailpoint\('([^']+)'\)/g;

/** Every call in the code of the product, by name. */
const calls = (): string[] =>
  ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter(
        (file) => /\/src\/.*\.ts$/.test(file) && !file.includes('node_modules') && !file.endsWith('.test.ts'),
      )
      .flatMap((file) =>
        [...readFileSync(join(ROOT, room, file), 'utf8').matchAll(CALL)].map((found) => found[1] ?? ''),
      ),
  );

test('every point of the code is in the catalog, and every one of the catalog is in the code, once', () => {
  expect(calls().toSorted()).toEqual(Object.keys(FAILPOINTS).toSorted());
});

test('every point has a case, and every case a point', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(Object.keys(FAILPOINTS).toSorted());
  for (const name of [...STALLS, ...THROWS]) expect(Object.keys(FAILPOINTS)).toContain(name);
});

test('every point says what is done and what is not', () => {
  for (const sentence of Object.values(FAILPOINTS)) expect(sentence).toMatch(/^[A-Z].+\.$/);
});
