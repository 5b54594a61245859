import { describe, expect, test } from 'vitest';
import { prefixQuery, splitSearchTerms } from './search-terms.ts';

describe('splitSearchTerms', () => {
  test('keeps what is asked about and leaves out how it is asked', () => {
    expect(splitSearchTerms('Please tell me about Leases, leases and LANES!').words).toEqual([
      'me',
      'leases',
      'and',
      'lanes',
    ]);
  });
  test('keeps asking words when there is nothing else', () => {
    expect(splitSearchTerms('help').words).toEqual(['help']);
  });
  test('letters of any script and digits, never operators', () => {
    expect(splitSearchTerms(`--port=8080 größe & ¡!(<->) 日本語 "x":*`).words).toEqual([
      'port',
      '8080',
      'größe',
      '日本語',
      'x',
    ]);
  });
  test('is bounded', () => {
    const { words } = splitSearchTerms(Array.from({ length: 100 }, (_, index) => `w${index}`).join(' '));
    expect(words).toHaveLength(16);
    expect(splitSearchTerms('a'.repeat(1000)).words).toEqual([]);
  });
  test('what Postgres refuses is replaced in the typed text', () => {
    expect(splitSearchTerms('a\0b \uD800').typed).toBe('a b \uFFFD');
  });
});

test('prefixQuery lets a word of three letters or more go on', () => {
  expect(prefixQuery(['a', 'ab', 'abc'], '|')).toBe('a | ab | abc:*');
  expect(prefixQuery([], '&')).toBe('');
});
