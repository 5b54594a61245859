import { expect, test } from 'vitest';
import { FIXTURE_PASSAGES } from './fixture-passages.ts';
import { rankPassages, selectPassages } from './rank.ts';
import { stemOf, termsOf } from './words.ts';

test('stems compare forms of one word equal', () => {
  for (const [one, other] of [
    ['restarting', 'restart'],
    ['workers', 'worker'],
    ['running', 'run'],
    ['caches', 'caching'],
    ['queries', 'query'],
    ['installed', 'install'],
  ] as const)
    expect(stemOf(one)).toBe(stemOf(other));
  expect(stemOf('process')).toBe('process');
  expect(stemOf('status')).toBe('status');
});

test('a heading that names the subject comes first', () => {
  expect(rankPassages(termsOf('what is a lane?'), FIXTURE_PASSAGES)[0]?.passage.heading).toBe('Lanes');
  expect(rankPassages(termsOf('a worker died'), FIXTURE_PASSAGES)[0]?.passage.heading).toBe('Dead workers');
  expect(rankPassages(termsOf('how do I start the stack'), FIXTURE_PASSAGES)[0]?.passage.heading).toBe(
    'Start the stack',
  );
});

test('selects nothing when only a side word is shared', () => {
  expect(selectPassages(termsOf('capital of France'), FIXTURE_PASSAGES).read).toEqual([]);
  expect(selectPassages(termsOf('kubernetes worker'), FIXTURE_PASSAGES).read).toEqual([]);
  expect(selectPassages([], FIXTURE_PASSAGES).read).toEqual([]);
  expect(selectPassages(termsOf('lane'), []).read).toEqual([]);
});

test('reads at most three passages, two of one page, none twice', () => {
  const copies = [1, 2, 3, 4].flatMap((page) =>
    [1, 2, 3].map((part) => ({
      title: `Page ${page}`,
      path: `p${page}.md`,
      heading: 'Lanes',
      anchor: 'lanes',
      score: 0.5,
      text: `Lanes, part ${part} of ${page}.`,
    })),
  );
  const { read } = selectPassages(termsOf('lanes'), [...copies, ...copies]);
  expect(read).toHaveLength(3);
  expect(new Set(read.map((one) => one.passage.text)).size).toBe(3);
  for (const one of read)
    expect(read.filter((other) => other.passage.path === one.passage.path).length).toBeLessThanOrEqual(2);
});
