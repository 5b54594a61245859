import { expect, test } from 'vitest';
import { readPairs } from './read-pairs.ts';

test('values are JSON where they are JSON, else text; := is always text', () => {
  expect(readPairs(['name=Ada', 'limit=3', 'tags=["a"]', 'code:=007', 'text=a=b', 'none='])).toEqual({
    name: 'Ada',
    limit: 3,
    tags: ['a'],
    code: '007',
    text: 'a=b',
    none: '',
  });
});

test.each(['name', '=value'])('%s is no pair', (pair) => {
  expect(() => readPairs([pair])).toThrow('is not name=value');
});
