import { expect, it } from 'vitest';
import { isOwnOrigin } from './check-origin.ts';

const rules = { publicUrl: 'https://chat.example.org', trustForwarded: true };

it.each([
  ['a program', {}, true],
  ['another page without cookies', { origin: 'https://evil.example' }, true],
  [
    'another page with cookies',
    { origin: 'https://evil.example', cookie: 'a=b', host: 'chat.example.org' },
    false,
  ],
  ['our page', { origin: 'https://chat.example.org', cookie: 'a=b', host: '10.0.0.1:8010' }, true],
  [
    'our page, by the name the proxy was asked for',
    {
      origin: 'http://localhost:9000',
      cookie: 'a=b',
      host: '127.0.0.1:8010',
      'x-forwarded-host': 'localhost:9000',
    },
    true,
  ],
  ['a page of a file', { origin: 'null', cookie: 'a=b' }, false],
])('%s', (_what, headers, expected) => {
  expect(isOwnOrigin(headers, rules)).toBe(expected);
});

it('does not believe a forwarded host from outside', () => {
  const headers = { origin: 'https://evil.example', cookie: 'a=b', 'x-forwarded-host': 'evil.example' };
  expect(isOwnOrigin(headers, { ...rules, trustForwarded: false })).toBe(false);
});
