import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildSite } from './build-site.ts';

const DOCS = path.join(import.meta.dirname, '../../../../docs');
let files: Map<string, string>;

beforeAll(async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'switchyard-docs-'));
  await buildSite({ docs: DOCS, dist: path.join(root, 'dist') });
  const site = path.join(root, 'dist/site');
  const names = await readdir(site, { recursive: true, withFileTypes: true });
  files = new Map(
    await Promise.all(
      names
        .filter((entry) => entry.isFile())
        .map(async (entry): Promise<[string, string]> => {
          const file = path.join(entry.parentPath, entry.name);
          return [path.relative(site, file), await readFile(file, 'utf8')];
        }),
    ),
  );
  return () => rm(root, { recursive: true, force: true });
});

const LINK = /\s(?:href|src)="([^"]*)"/gu;

/** The file that answers a path of the site, as the gateway finds it. */
const answering = (url: string): string | undefined =>
  [url, `${url}.html`, url === '' ? 'index.html' : undefined].find(
    (name) => name !== undefined && files.has(name),
  );

test('every page of the documentation is a page of the site', async () => {
  const documents = (await readdir(DOCS, { recursive: true })).filter((file) => file.endsWith('.md'));
  for (const file of documents)
    expect(answering(file === 'README.md' ? '' : file.slice(0, -3)), file).toBeDefined();
});

test('every address on every page leads to a file of the site and, with an anchor, to what has that id', () => {
  const broken: string[] = [];
  // The list of all pages stands on each of them: one look for each folder is enough.
  const seen = new Set<string>();
  for (const [page, text] of files) {
    if (!page.endsWith('.html') || page === '404.html') continue;
    for (const [, link = ''] of text.matchAll(LINK)) {
      const from = link.startsWith('#') ? page : path.dirname(page);
      if (/^[a-z]+:/u.test(link) || seen.has(`${from} ${link}`)) continue;
      seen.add(`${from} ${link}`);
      const { pathname, hash } = new URL(link, `http://site/${page.replace(/(?:index)?\.html$/u, '')}`);
      const target = files.get(answering(pathname.slice(1)) ?? '');
      const hasAnchor =
        hash === '' || target?.includes(` id="${decodeURIComponent(hash.slice(1))}"`) === true;
      if (target === undefined || !hasAnchor) broken.push(`${page}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
  expect(seen.size).toBeGreaterThan(1000);
});

test('the page for what is not there finds its style below any folder, also on the shared origin', () => {
  const text = files.get('404.html') ?? '';
  expect(text.indexOf('<base')).toBeGreaterThan(0);
  expect(text.indexOf('<base')).toBeLessThan(text.indexOf('rel="stylesheet"'));
  // The policy admits that one script by its hash, and no other that stands in a page.
  expect(files.get('_headers')).toMatch(/script-src 'self' 'sha256-[\w+/=]{44}';/u);
});

test('no page asks another origin for anything', () => {
  for (const [file, text] of files)
    for (const [, address] of text.matchAll(/(?:src|srcset)="(https?:[^"]*)"|url\(['"]?(https?:[^)]*)/gu))
      expect(address, file).toBeUndefined();
});
