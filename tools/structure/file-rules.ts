import { basename } from 'node:path';
import type { Finding, Rule } from './repository.ts';

const SOURCE = /^(packages|services|bundles|tools|tests|bench)\/.*\.(ts|tsx)$/;
const VAGUE = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'misc', 'shared', 'stuff']);
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const stem = (file: string): string =>
  basename(file).replace(/\.(int\.|browser\.)?(test|config|bench|d|gen)?\.?tsx?$/, '');

/** Names say what is inside: kebab-case, and never a word that fits every file. */
export const nameRule: Rule = (repository) =>
  [...repository.keys()]
    .filter((file) => SOURCE.test(file))
    .flatMap((file): Finding[] => {
      const name = stem(file);
      if (!KEBAB.test(name)) return [{ file, message: `file names are kebab-case, "${name}" is not` }];
      const vague = name.split('-').find((word) => VAGUE.has(word));
      return vague === undefined
        ? []
        : [{ file, message: `"${vague}" says nothing; name the file after its export` }];
    });

const words = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_.]/);

const EXPORTED = /^export (?:async )?(?:const|function\*?|class|interface|type|abstract class) (\w+)/gm;
const UNNAMED =
  /(^|\/)(index|main|compose|env|global-setup)\.tsx?$|\.(test|config|d|gen)\.tsx?$|^(tests|bench|tools)\/|\/host\/|\/test\//;

/** A file is called after what it exports, so that a name in a stack trace or an import leads to it. */
export const mainExportRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] => {
    if (!SOURCE.test(file) || UNNAMED.test(file)) return [];
    const names = [...text.matchAll(EXPORTED)].map((match) => match[1] ?? '');
    const exported = names.flatMap(words);
    // Several exports are a family, and the family's name may be none of theirs.
    const fits =
      names.length !== 1 || words(stem(file)).some((word) => exported.some((other) => sameWord(word, other)));
    return fits ? [] : [{ file, message: 'is not named after anything that it exports' }];
  });

const SHARED_LETTERS = 4;

/** Singular and plural, noun and verb of one stem count as the same word (`keys`/`key`, `migration`/`migrate`). */
const sameWord = (one: string, other: string): boolean => {
  const length = Math.min(one.length, other.length, SHARED_LETTERS);
  return one.slice(0, length) === other.slice(0, length);
};

const LIMITS: readonly { readonly pattern: RegExp; readonly lines: number }[] = [
  { pattern: /^services\/[^/]+\/src\/main\.ts$/, lines: 40 },
  { pattern: /^services\/[^/]+\/src\/compose\.ts$/, lines: 200 },
  { pattern: /\.test\.tsx?$/, lines: 600 },
  { pattern: /\.(ts|tsx)$/, lines: 400 },
  { pattern: /\.lua$/, lines: 120 },
];

const codeLines = (text: string): number =>
  text.split('\n').filter((line) => !/^\s*(\/\/|\/?\*|--|$)/.test(line)).length;

export const sizeRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] => {
    const limit = LIMITS.find(({ pattern }) => pattern.test(file));
    const lines = codeLines(text);
    if (!limit || lines <= limit.lines) return [];
    return [
      {
        file,
        message: `${lines} code lines, the limit here is ${limit.lines}; split it by what changes together`,
      },
    ];
  });

const HEADINGS = ['KEYS', 'ARGV', 'Returns', 'Invariants'];

/** The comment on top, after an optional `#!lua` line. */
const HEADER = /^(?:#![^\n]*\n)?((?:--[^\n]*\n)+)/;

/** A script is read far from its caller: its contract stands on top of it. Includes say what they do. */
export const luaRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] => {
    if (!file.endsWith('.lua') || file.includes('/test/')) return [];
    const name = basename(file, '.lua');
    const header = HEADER.exec(text)?.[1] ?? '';
    const isInclude = /\/include\/|^packages\/redis\/lua\//.test(file);
    const missing = [
      ...(header.startsWith(`-- ${name}: `) || (isInclude && header !== '') ? [] : [`${name}: what it does`]),
      ...(isInclude ? [] : HEADINGS.filter((heading) => !new RegExp(`\\b${heading}\\b`).test(header))),
    ];
    const findings = missing.map((heading) => ({ file, message: `the header does not say "${heading}"` }));
    return KEBAB.test(name) ? findings : [...findings, { file, message: 'scripts are called verb-noun.lua' }];
  });
