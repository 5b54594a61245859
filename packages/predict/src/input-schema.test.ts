import { expect, test } from 'vitest';
import { findFiles, maskSecrets, secretTexts } from './input-schema.ts';

const secret = { type: 'string', format: 'password', writeOnly: true, 'x-cog-secret': true };
const file = { type: 'string', format: 'uri' };
const text = { type: 'string' };
const schemas = {
  Input: {
    type: 'object',
    properties: {
      key: secret,
      keys: { type: 'array', items: secret },
      auth: { type: 'object', properties: { token: secret, user: text } },
      maybe: { anyOf: [secret, { type: 'integer' }] },
      page: file,
      pages: { type: 'array', items: file },
      either: { anyOf: [file, text] },
      count: { type: 'integer' },
    },
  },
};
const MASK = '**********';

test.each([
  ['a text', { key: 'hunter22' }, { key: MASK }, ['hunter22']],
  ['a number', { key: 1234567 }, { key: MASK }, ['1234567']],
  ['a list', { key: ['hunter22', 7654321] }, { key: MASK }, ['hunter22', '7654321']],
  ['an object', { key: { value: 'hunter22' } }, { key: MASK }, ['hunter22']],
  ['those in a list', { keys: ['one1', 2222] }, { keys: [MASK, MASK] }, ['one1', '2222']],
  [
    'one that is nested',
    { auth: { token: 98765, user: 'ann' } },
    { auth: { token: MASK, user: 'ann' } },
    ['98765'],
  ],
  ['what may also be no secret', { maybe: 55555 }, { maybe: MASK }, ['55555']],
  ['nothing else', { count: 3, page: 'data:,a' }, { count: 3, page: 'data:,a' }, []],
  ['no secret that is not there', { key: null }, { key: null }, []],
])('%s at the place of a secret is hidden', (_what, input, shown, hidden) => {
  expect(maskSecrets(schemas, input)).toEqual(shown);
  expect(secretTexts(schemas, input)).toEqual(hidden);
});

test('only a text where nothing but a file may stand is a file', () => {
  const input = { page: 'data:,a', pages: ['data:,b', 3], either: 'data:,c', key: 'data:,d' };
  expect(findFiles(schemas, input)).toEqual([
    { pointer: '/page', value: 'data:,a' },
    { pointer: '/pages/0', value: 'data:,b' },
  ]);
});
