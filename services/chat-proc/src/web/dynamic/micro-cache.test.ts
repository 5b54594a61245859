import { expect, test } from 'vitest';
import { MicroCache, decideKeep } from './micro-cache.ts';

const control = (value: string): [string, string] => ['Cache-Control', value];

test.each([
  ['no word of it', 200, [], undefined],
  ['for browsers alone', 200, [control('max-age=60')], undefined],
  ['asked for', 200, [control('public, s-maxage=2')], { freshMs: 2000, staleMs: 0, tags: [] }],
  [
    'with tags, and stale for a while',
    404,
    [control('S-MaxAge=1, stale-while-revalidate=5'), ['cache-tag', 'a, b']],
    { freshMs: 1000, staleMs: 5000, tags: ['a', 'b'] },
  ],
  ['of a person', 200, [control('private, s-maxage=2')], undefined],
  ['not to be stored', 200, [control('s-maxage=2'), control('no-store')], undefined],
  ['with a cookie', 200, [control('s-maxage=2'), ['set-cookie', 'a=1']], undefined],
  [
    'that differs by what is keyed',
    200,
    [control('s-maxage=2'), ['vary', 'Accept']],
    { freshMs: 2000, staleMs: 0, tags: [] },
  ],
  ['that differs by what is not', 200, [control('s-maxage=2'), ['vary', 'accept, cookie']], undefined],
  ['that differs by everything', 200, [control('s-maxage=2'), ['vary', '*']], undefined],
  ['an error', 500, [control('s-maxage=2')], undefined],
  ['no number', 200, [control('s-maxage=-2')], undefined],
] as [string, number, [string, string][], unknown][])('an answer %s', (_what, status, headers, wanted) => {
  expect(decideKeep(status, headers)).toEqual(wanted);
});

function setUp() {
  let now = 0;
  const cache = new MicroCache(10_000, { monotonic: () => now });
  const answer = {
    status: 200,
    headers: [],
    body: new Uint8Array(10),
    bundleId: 'b',
    tags: ['t'],
    freshMs: 100,
    staleMs: 50,
  };
  return { cache, answer, pass: (ms: number) => (now += ms) };
}

test('is fresh, then stale, then gone', () => {
  const { cache, answer, pass } = setUp();
  cache.keep('k', answer, cache.generation);
  expect(cache.find('k')?.isFresh).toBe(true);
  pass(120);
  expect(cache.find('k')).toMatchObject({ isFresh: false, ageMs: 120 });
  pass(40);
  expect(cache.find('k')).toBe(undefined);
});

test("a purge takes what has the tag and is the bundle's, and what was asked for before it", () => {
  const { cache, answer } = setUp();
  const { generation } = cache;
  cache.keep('mine', answer, generation);
  cache.keep('other', { ...answer, bundleId: 'c' }, generation);
  cache.keep('untagged', { ...answer, tags: [] }, generation);
  cache.purge('b', ['t']);
  expect(['mine', 'other', 'untagged'].map((key) => cache.find(key) !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
  cache.keep('mine', answer, generation);
  expect(cache.find('mine')).toBe(undefined);
});

test('what is over its memory goes, the least recently used first', () => {
  const { cache, answer } = setUp();
  const large = { ...answer, body: new Uint8Array(4000) };
  for (const key of ['a', 'b']) cache.keep(key, large, cache.generation);
  cache.find('a');
  cache.keep('c', large, cache.generation);
  expect(['a', 'b', 'c'].map((key) => cache.find(key) !== undefined)).toEqual([true, false, true]);
});
