import { expect, test } from 'vitest';
import { luaRule, mainExportRule, nameRule, sizeRule } from './file-rules.ts';
import type { Rule } from './repository.ts';
import { indexRule, manifestRule, readmeRule } from './room-rules.ts';
import { doorRule, hostRule, wordRule } from './text-rules.ts';

const MANIFEST = JSON.stringify({
  name: '@switchyard/a',
  private: true,
  type: 'module',
  license: 'Apache-2.0',
});
const README = '# a\nPurpose. Invariants. Lifecycle. Must not import b.';

const room = (files: Record<string, string> = {}): Map<string, string> =>
  new Map(
    Object.entries({
      'packages/a/package.json': MANIFEST,
      'packages/a/README.md': README,
      'packages/a/src/index.ts': "export { a } from './a.ts';\nexport type { A } from './a.ts';\n",
      ...files,
    }),
  );

const found = (rule: Rule, files: Record<string, string> = {}): string[] =>
  rule(room(files)).map(({ message }) => message);

const ALL: Rule[] = [
  readmeRule,
  indexRule,
  manifestRule,
  nameRule,
  mainExportRule,
  sizeRule,
  luaRule,
  wordRule,
  hostRule,
  doorRule,
];

test('a good room has no findings', () => {
  expect(ALL.flatMap((rule) => found(rule))).toEqual([]);
});

test.each<[string, Rule, Record<string, string>, RegExp]>([
  ['a README that says too little', readmeRule, { 'packages/a/README.md': '# a' }, /invariant/],
  ['an index with a star', indexRule, { 'packages/a/src/index.ts': "export * from './a.ts';" }, /export \*/],
  ['an index with code', indexRule, { 'packages/a/src/index.ts': 'export const a = 1;' }, /no code/],
  ['a barrel', indexRule, { 'packages/a/src/b/index.ts': "export { b } from './b.ts';" }, /barrel/],
  [
    'a foreign driver',
    manifestRule,
    { 'packages/a/package.json': MANIFEST.replace('{', '{"dependencies":{"ioredis":"^6"},') },
    /ioredis belongs to/,
  ],
  [
    'a wrong name',
    manifestRule,
    { 'packages/a/package.json': MANIFEST.replace('@switchyard/a', 'a') },
    /name is/,
  ],
  [
    'a listed test bench',
    manifestRule,
    { 'packages/a/package.json': MANIFEST.replace('{', '{"devDependencies":{"@switchyard/testkit":"*"},') },
    /circle/,
  ],
  ['a vague file', nameRule, { 'packages/a/src/string-utils.ts': '' }, /utils/],
  ['a file not in kebab-case', nameRule, { 'packages/a/src/createA.ts': '' }, /kebab/],
  [
    'a file named after nothing in it',
    mainExportRule,
    { 'packages/a/src/engine.ts': 'export const wheel = 1;' },
    /not named after/,
  ],
  ['a long main', sizeRule, { 'services/s/src/main.ts': 'x();\n'.repeat(41) }, /41 code lines/],
  ['a long file', sizeRule, { 'packages/a/src/a.ts': 'x();\n'.repeat(401) }, /limit here is 400/],
  [
    'a script without its contract',
    luaRule,
    { 'packages/a/src/scripts/take-one.lua': '-- take-one: takes\nreturn 1' },
    /KEYS/,
  ],
  ['unfinished work', wordRule, { 'packages/a/src/a.ts': '// TODO later' }, /issue/],
  ['a path of one machine', wordRule, { 'packages/a/src/a.ts': "const dir = '/home/me/x';" }, /one machine/],
  [
    'a host that imports',
    hostRule,
    { 'packages/runner/host/main.ts': "import { z } from 'zod';" },
    /nothing but Node/,
  ],
  [
    'a path out of the room',
    doorRule,
    { 'packages/a/src/a.ts': "import { b } from '../../b/src/b.ts';" },
    /leaves the room/,
  ],
])('finds %s', (_name, rule, files, message) => {
  expect(found(rule, files)).toContainEqual(expect.stringMatching(message));
});

test('one main export names the file, several make a family', () => {
  expect(
    found(mainExportRule, { 'packages/a/src/values.ts': 'export const one = 1;\nexport const two = 2;' }),
  ).toEqual([]);
});
