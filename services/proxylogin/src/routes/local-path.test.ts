import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLocalPath } from './local-path.ts';

test.each(['/', '/c/c-123', '/c/c-1?x=%2F%2Fevil.example#part', '/console/lanes'])('%s is kept', (path) => {
  expect(readLocalPath(path)).toBe(path);
});

test.each([
  undefined,
  ['/a', '/b'],
  '',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '\t//evil.example',
  '/\n/evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '///evil.example',
  'javascript:alert(1)',
  'http:evil.example',
  '/auth/logout',
  '/%00'.repeat(2000),
])('%j is the start page', (path) => {
  expect(readLocalPath(path)).toBe('/');
});

test('no text leads a browser to another site', () => {
  const pieces = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    ':',
    '@',
    'evil.example',
    'http',
    '\t',
    '\n',
    '?',
    '#',
    '%2f',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const path = readLocalPath(parts.join(''));
      expect(new URL(path, 'https://chat.example/auth/sign-in').origin).toBe('https://chat.example');
    }),
    { numRuns: 5000 },
  );
});
