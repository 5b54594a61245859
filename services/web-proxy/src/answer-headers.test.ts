import { expect, test } from 'vitest';
import { createAnswerDefaults, isPage } from './answer-headers.ts';

test('browsers that come by TLS are told to come back by it', () => {
  const day = 86_400_000;
  const { platform, ownSite } = createAnswerDefaults({ maxAgeMs: day, withSubdomains: false });
  expect(platform['Strict-Transport-Security']).toBe('max-age=86400');
  expect(ownSite['Strict-Transport-Security']).toBe('max-age=86400');
  const all = createAnswerDefaults({ maxAgeMs: day, withSubdomains: true });
  expect(all.platform['Strict-Transport-Security']).toBe('max-age=86400; includeSubDomains');
  for (const hsts of [undefined, { maxAgeMs: 0, withSubdomains: true }])
    expect(createAnswerDefaults(hsts).platform['Strict-Transport-Security']).toBeUndefined();
});

test.each([
  ['text/html', true],
  ['Text/HTML; charset=utf-8', true],
  ['image/svg+xml', true],
  ['application/xhtml+xml', true],
  ['text/event-stream', false],
  ['application/json', false],
  [undefined, false],
])('%s is a page: %s', (type, expected) => {
  expect(isPage(type === undefined ? {} : { 'content-type': type })).toBe(expected);
});
