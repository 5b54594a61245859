import { dirname, join } from 'node:path';
import type { Finding, Rule } from './repository.ts';

const UNFINISHED = ['TODO', 'FIXME', 'XXX'];

const FORBIDDEN: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  {
    pattern: new RegExp(`\\b(${UNFINISHED.join('|')})\\b`),
    message: 'unfinished work belongs in an issue, not in the text',
  },
  { pattern: /(^|[\s'"`(=])\/(home|Users|root|work)\/\w/m, message: 'a path of one machine' },
  { pattern: /\b(registry\.npm\w*\.\w+|npm\.pkg\.)/, message: 'a registry host; the lockfile names none' },
  { pattern: /^(<{7}|>{7}) /m, message: 'a merge conflict' },
];

const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

export const wordRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] =>
    file.startsWith('tools/structure/')
      ? []
      : FORBIDDEN.flatMap(({ pattern, message }) => {
          const match = pattern.exec(text);
          return match
            ? [{ file: `${file}:${lineOf(text, match.index)}`, message: `"${match[0].trim()}": ${message}` }]
            : [];
        }),
  );

const IMPORTS =
  /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g;

const importsOf = (text: string): string[] =>
  [...text.matchAll(IMPORTS)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

/** The program inside a bundle host runs under the permission model and ships alone: nothing but Node in it. */
export const hostRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] =>
    /^packages\/runner\/host\/.*\.ts$/.test(file) && !file.endsWith('.test.ts')
      ? importsOf(text)
          .filter(
            (name) => !name.startsWith('node:') && !name.startsWith('./') && !name.startsWith('../host/'),
          )
          .map((name) => ({ file, message: `the host imports nothing but Node, not ${name}` }))
      : [],
  );

const roomOf = (path: string): string => path.split('/').slice(0, 2).join('/');

/** Rooms are entered by name: a relative path that leaves the room goes around its door. */
export const doorRule: Rule = (repository) =>
  [...repository].flatMap(([file, text]): Finding[] =>
    /^(packages|services|bundles)\/.*\.tsx?$/.test(file)
      ? importsOf(text)
          .filter((name) => name.startsWith('.') && roomOf(join(dirname(file), name)) !== roomOf(file))
          .map((name) => ({
            file,
            message: `${name} leaves the room; import the other room by its package name`,
          }))
      : [],
  );
