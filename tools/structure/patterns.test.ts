import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { patternsIn } from './patterns-in.ts';
import { readRepository } from './repository.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of an attack, characters: work that grows with the square of it is half a million steps, with the cube a hundred million. */
const LENGTH = 1000;
/** For all attacks on one pattern together. */
const LIMIT_MS = 5000;
/** No pattern of ours looks for it, so that what was repeated must be tried in every way. */
const END = '\u0000\u0001';
const SAMPLES = 5;
const REPEATED = Array.from('aA0 \t\n\r-_.,:;/\\=+*?!\'"`<>()[]{}|&%#@~$^é\u{1F600}');

const repeat = (text: string): string => text.repeat(Math.ceil(LENGTH / text.length));

/** What fits, as the pattern itself says; patterns that look around are beyond the generator. */
function samplesOf(pattern: RegExp): string[] {
  const flags = pattern.flags.replaceAll(/[^ims]/g, '').replace('i', '');
  try {
    return fc.sample(fc.stringMatching(new RegExp(pattern.source, flags), { size: 'small' }), {
      numRuns: SAMPLES,
      seed: 1,
    });
  } catch {
    return [];
  }
}

/** Each piece of what fits, over and over, with what stood before it and something that does not fit behind. */
function attacksOn(pattern: RegExp): string[] {
  const attacks = new Set(REPEATED.map((each) => `${repeat(each)}${END}`));
  const letters = pattern.source.replaceAll(/[^\w ./:=<>"'-]/g, '');
  for (let at = 0; at + 1 < letters.length; at += 1)
    attacks.add(`${repeat(letters.slice(at, at + 2))}${END}`);
  for (const sample of samplesOf(pattern).map((each) => each.slice(0, 30)))
    for (let from = 0; from < sample.length; from += 1)
      for (const length of [1, 2, 5])
        attacks.add(`${sample.slice(0, from)}${repeat(sample.slice(from, from + length))}${END}`);
  return [...attacks];
}

/** Undefined: all were tried in time. Only in a context of its own can a pattern be stopped in the middle. */
function problemOf(
  pattern: RegExp,
  { attacks = attacksOn(pattern), limitMs = LIMIT_MS } = {},
): string | undefined {
  try {
    const script = 'for (const attack of attacks) { pattern.lastIndex = 0; pattern.test(attack); }';
    runInNewContext(script, { pattern, attacks }, { timeout: limitMs });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('no pattern can be made to try for long, whatever it is given', { timeout: 300_000 }, () => {
  const patterns = patternsIn(readRepository(ROOT));
  expect(patterns.length).toBeGreaterThan(250);
  const slow = patterns.flatMap(({ file, pattern }) => {
    const problem = problemOf(pattern);
    return problem === undefined ? [] : [`${file} ${String(pattern)}: ${problem}`];
  });
  expect(slow).toEqual([]);
});

test(
  'nor does the work of one grow with the square of a character that is repeated',
  { timeout: 300_000 },
  () => {
    // Work that grows with the square takes half a minute for these, and work that does not some milliseconds.
    const attacks = REPEATED.map((each) => `${each.repeat(100_000)}${END}`);
    const slow = patternsIn(readRepository(ROOT)).flatMap(({ file, pattern }) => {
      const problem = problemOf(pattern, { attacks });
      return problem === undefined ? [] : [`${file} ${String(pattern)}: ${problem}`];
    });
    expect(slow).toEqual([]);
    expect(problemOf(/<[^>]+>/g, { attacks, limitMs: 500 })).toContain('timed out');
  },
);

test('patterns that can are found out', () => {
  for (const pattern of [/^(a+)+$/, /^(\w|\d)*$/, /(x+x+)+y/, /^(?:\s*,?\s*\w*)*;$/])
    expect(problemOf(pattern, { limitMs: 200 }), String(pattern)).toContain('timed out');
});

test('patterns are written out, except where their parts are ours or escaped', () => {
  const made = [...readRepository(ROOT)]
    .filter(
      ([file, text]) =>
        /^(packages|services|bundles)\/.*\/?(src|host)\/.*\.tsx?$/.test(file) && text.includes('new RegExp('),
    )
    .map(([file]) => file)
    .filter((file) => !file.includes('.test.') && !file.startsWith('packages/testkit/'));
  expect(made).toEqual([
    'bundles/docs-site/src/search/excerpt.ts',
    'packages/predict/src/python/host-lines.ts',
    'packages/redis/src/keys.ts',
    'packages/redis/src/server-info.ts',
  ]);
});
