import { expect, test } from 'vitest';
import { answerSearch } from './answer-search.ts';
import { excerptOf } from './excerpt.ts';
import type { Search } from './load-search.ts';

const PAGE = '<input value="<!--query-->"><!--results-->';
const found: Search = (query, limit) =>
  Array.from({ length: Math.min(limit, 40) }, (_, at) => ({
    section: {
      url: `how-to/a#${at}`,
      title: 'A <page>',
      heading: 'Stop & go',
      text: `before ${query} after`,
    },
    words: [query.toLowerCase(), 'stop'],
  }));
const ask = (query: string, accept: string, search = found): Response =>
  answerSearch(
    new Request(`http://docs.localhost/api/search?q=${encodeURIComponent(query)}`, { headers: { accept } }),
    search,
    PAGE,
  );

test('a script gets JSON, in pieces that need no markup', async () => {
  const answer = ask(' Lane ', 'application/json');
  expect([answer.headers.get('vary'), answer.headers.get('cache-control')]).toEqual(['Accept', 'no-cache']);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const { query, results } = (await answer.json()) as { query: string; results: unknown[] };
  expect([query, results.length]).toEqual(['Lane', 8]);
  expect(results[0]).toEqual({
    url: 'how-to/a#0',
    page: 'A <page>',
    heading: [
      { text: 'Stop', isHit: true },
      { text: ' & go', isHit: false },
    ],
    excerpt: [
      { text: 'before ', isHit: false },
      { text: 'Lane', isHit: true },
      { text: ' after', isHit: false },
    ],
  });
});

test('a form gets a page, in which nothing that was asked or found is markup', async () => {
  const answer = ask('"><script>$&', 'text/html,*/*');
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const text = await answer.text();
  expect(text).toContain('value="&quot;&gt;&lt;script&gt;$&amp;"');
  expect(text).not.toContain('<script');
  expect(text).toContain('30 or more sections');
  expect(text).toContain('<mark>Stop</mark> &amp; go');
  expect(text).toContain('A &lt;page&gt;');
});

test('nothing asked and nothing found are said', async () => {
  expect(await ask('', 'text/html').text()).toContain('Write what you look for');
  expect(await ask('zebra', 'text/html', () => []).text()).toContain('Nothing was found for “zebra”');
  expect(await ask('', 'application/json').json()).toEqual({ query: '', results: [] });
});

test('a question is cut at 200 characters, and a word with signs of patterns is a word', async () => {
  const { query } = (await ask('x'.repeat(300), 'application/json').json()) as { query: string };
  expect(query.length).toBe(200);
  expect(excerptOf('is c++ (or $x|y^) here?', ['c++', '$x|y^'])).toContainEqual({ text: 'c++', isHit: true });
});

test('an excerpt begins near the first hit, at a word', () => {
  const text = `${'word '.repeat(100)}needle ${'more '.repeat(100)}`;
  const whole = excerptOf(text, ['needle'])
    .map((piece) => piece.text)
    .join('');
  expect(whole).toMatch(/^… word .*needle more .*more …$/u);
  expect(whole.length).toBeLessThan(200);
});
