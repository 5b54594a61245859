import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { QUERY_MARK, RESULTS_MARK } from '../search/answer-search.ts';
import type { Section } from '../search/section.ts';
import { homeHtml } from './home-html.ts';
import { readNavigation } from './navigation.ts';
import { NOT_FOUND_BASE, NOT_FOUND_HTML, NOT_FOUND_SCRIPT_HASH } from './not-found-page.ts';
import { articleHtml, contentsHtml, pageHtml } from './page-template.ts';
import type { Assets, Frame } from './page-template.ts';
import { renderMarkdown } from './render-markdown.ts';

const require = createRequire(import.meta.url);
const FACES = [
  '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  '@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2',
];
const HASH_LENGTH = 12;

/** Fonts and scripts are the site's own, and it loads nothing else. */
const HEADERS = `/*
  Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self' ${NOT_FOUND_SCRIPT_HASH}; font-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'self'
  Referrer-Policy: same-origin
`;

/**
 * Writes the site, the sections that are searched and the page of results to `dist`, which is the former build until all of it is made:
 * whoever registers the bundle meanwhile takes one or the other.
 */
export async function buildSite({ docs, dist }: { docs: string; dist: string }): Promise<{ pages: number }> {
  const made = await mkdtemp(path.join(path.dirname(dist), '.made-'));
  try {
    const report = await writeSite({ docs, dist: made });
    await rm(dist, { recursive: true, force: true });
    await rename(made, dist);
    return report;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function writeSite({ docs, dist }: { docs: string; dist: string }): Promise<{ pages: number }> {
  const site = path.join(dist, 'site');
  await mkdir(path.join(site, 'assets'), { recursive: true });
  const [assets, navigation, files] = await Promise.all([
    writeAssets(dist),
    readFile(path.join(docs, 'README.md'), 'utf8').then(readNavigation),
    readdir(docs, { recursive: true }),
  ]);
  const frame: Frame = { assets, navigation };
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(site, file)), { recursive: true });
    await writeFile(path.join(site, file), text);
  };
  const sections: Section[] = [];
  const pages = files.filter((file) => file.endsWith('.md') && file !== 'README.md').toSorted();
  for (const file of pages) {
    const { page, sections: found } = renderMarkdown(file, await readFile(path.join(docs, file), 'utf8'));
    sections.push(...found);
    const [main, aside] = [articleHtml(page, navigation), contentsHtml(page)];
    await put(`${page.url}.html`, pageHtml(frame, { ...page, main, aside }));
  }
  const plain = { url: '', summary: '', query: '' };
  await put(
    'index.html',
    pageHtml(frame, {
      ...plain,
      title: 'Documentation',
      summary: 'The documentation of Switchyard.',
      kind: 'home',
      main: homeHtml(navigation),
    }),
  );
  const missing = { ...plain, title: 'Not found', main: NOT_FOUND_HTML, base: NOT_FOUND_BASE };
  await put('404.html', pageHtml(frame, missing));
  await put('_headers', HEADERS);
  await cp(path.join(docs, 'images'), path.join(site, 'images'), { recursive: true });
  const results = `<article class="found"><h1>Search</h1>${RESULTS_MARK}</article>`;
  const found = { ...plain, root: '../', title: 'Search', main: results, query: QUERY_MARK };
  await writeFile(path.join(dist, 'results.html'), pageHtml(frame, found));
  await writeFile(path.join(dist, 'sections.json'), JSON.stringify(sections));
  return { pages: pages.length + 1 };
}

async function writeAssets(dist: string): Promise<Assets> {
  const faces = await Promise.all(
    FACES.map(async (face) => writeAsset(dist, path.basename(face), await readFile(require.resolve(face)))),
  );
  const source = path.join(import.meta.dirname, '..');
  const style = await readFile(path.join(source, 'look/site.css'), 'utf8');
  // Beside the sheet that names them.
  const named = style.replaceAll(/url\('([a-z0-9-]+)\.woff2'\)/gu, (_whole, name: string) => {
    const face = faces.find((one) => one.startsWith(`assets/${name}.`));
    if (face === undefined) throw new Error(`site.css names a face that is not there: ${name}`);
    return `url('${path.basename(face)}')`;
  });
  const script = await pack(path.join(source, 'page/main.ts'), 'iife', 'browser');
  await writeFile(
    path.join(dist, 'mini-search.js'),
    await pack(path.join(source, 'search/mini-search.ts'), 'esm', 'node'),
  );
  return {
    faces,
    style: await writeAsset(dist, 'site.css', named),
    script: await writeAsset(dist, 'page.js', script),
  };
}

async function pack(input: string, format: 'iife' | 'esm', platform: 'browser' | 'node'): Promise<string> {
  const bundle = await rolldown({ input, platform });
  const { output } = await bundle.generate({ format, minify: true });
  await bundle.close();
  return output[0].code;
}

/** Named by its content, so that browsers keep it for good. */
async function writeAsset(dist: string, name: string, content: string | Buffer): Promise<string> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
  const { name: stem, ext } = path.parse(name);
  const file = `assets/${stem}.${hash}${ext}`;
  await writeFile(path.join(dist, 'site', file), content);
  return file;
}
