import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

test.for([
  'docs/how-to/sign-in-at-an-issuer.md',
  'docs/how-to/send-mail-for-sign-in.md',
  'docs/how-to/limit-callers.md',
  'docs/explanation/identity-and-sessions.md',
  'docs/explanation/security.md',
])('every setting that %s names is one', (page) => {
  const known = new Set(
    [...read('docs/reference/config.md').matchAll(/^### (\w+)$/gm)].map(([, name]) => name),
  );
  expect(known.size).toBeGreaterThan(100);
  const named = read(page).match(/(?<=`|^)[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?=[`=])/gm) ?? [];
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('every file that the page about security names is there', () => {
  const named = [
    ...read('docs/explanation/security.md').matchAll(/`((?:packages|services|tests|tools)\/[^`]+)`/g),
  ].map(([, path]) => path ?? '');
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((path) => !existsSync(`${ROOT}/${path}`))).toEqual([]);
});
