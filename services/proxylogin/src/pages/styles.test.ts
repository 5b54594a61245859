import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
/** `--paper: #fff` of one block after another: the light theme, the dark one twice. */
const tokensOf = (styles: string): string[] =>
  styles.match(/^\s*--[\w-]+: [^;]+;/gm)?.map((line) => line.trim()) ?? [];

test('the colours are those of the chat page', () => {
  const theirs = new Set(tokensOf(read('../../../web-ui/src/styles/tokens.css')));
  const ours = tokensOf(read('login.css'));
  expect(ours.length).toBeGreaterThan(40);
  expect(ours.filter((token) => !theirs.has(token))).toEqual([]);
});
