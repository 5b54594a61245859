import { expect, test } from 'vitest';
import { isRequestOwn } from './decide-same-origin.ts';

const OWN = 'http://localhost:8080';

const check = (headers: Record<string, string>, method = 'POST', isUpgrade = false): boolean =>
  isRequestOwn({ method, headers, isUpgrade, ownOrigins: [OWN] });

test.each([
  ['same-origin by Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin' }, true],
  ['same-site is another origin', { 'sec-fetch-site': 'same-site' }, false],
  ['cross-site', { 'sec-fetch-site': 'cross-site' }, false],
  ['Sec-Fetch-Site wins over Origin', { 'sec-fetch-site': 'cross-site', origin: OWN }, false],
  ['own Origin', { origin: OWN }, true],
  ['foreign Origin', { origin: 'http://evil.example' }, false],
  ['opaque Origin', { origin: 'null' }, false],
  ['another port', { origin: 'http://localhost:9999' }, false],
  ['neither', {}, false],
])('%s', (_name, headers, expected) => {
  expect(check(headers as Record<string, string>)).toBe(expected);
});

test('reading is always allowed, opening a WebSocket is not reading', () => {
  expect(check({ 'sec-fetch-site': 'cross-site' }, 'GET')).toBe(true);
  expect(check({ 'sec-fetch-site': 'cross-site' }, 'GET', true)).toBe(false);
  expect(check({ origin: OWN }, 'GET', true)).toBe(true);
});
