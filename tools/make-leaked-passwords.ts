/**
 * Makes `services/proxylogin/src/passwords/leaked-passwords.bin` from a list of passwords, one a line, the most used first:
 *
 *     node_modules/.bin/node tools/make-leaked-passwords.ts 10_million_password_list_top_1M.txt
 *
 * docs/decisions/0078-passwords-that-are-not-taken.md says where that list comes from.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { hashLeaked } from '../services/proxylogin/src/passwords/leaked-passwords.ts';

/** The shortest password that a setting allows, and the shortest by default; each kind has a list of its own. */
const [SHORTEST, USUAL] = [8, 12];
const OF_EACH = 20_000;
const TARGET = new URL('../services/proxylogin/src/passwords/leaked-passwords.bin', import.meta.url);

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('usage: make-leaked-passwords.ts <list>');
const words = new Set(
  (await readFile(source, 'utf8')).split(/\r?\n/).map((line) => line.normalize('NFKC').toLowerCase()),
);
const lengthOf = (word: string): number => Array.from(word).length;
const [short, long] = [
  [...words].filter((word) => lengthOf(word) >= SHORTEST && lengthOf(word) < USUAL).slice(0, OF_EACH),
  [...words].filter((word) => lengthOf(word) >= USUAL).slice(0, OF_EACH),
];
const entries = [...short, ...long].map(hashLeaked).toSorted((one, other) => one.compare(other));
await writeFile(TARGET, Buffer.concat(entries));
console.log(
  `${short.length} of ${SHORTEST} to ${USUAL - 1} characters and ${long.length} longer ones: ${fileURLToPath(TARGET)}`,
);
