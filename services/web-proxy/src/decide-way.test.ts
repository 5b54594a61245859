import { expect, test } from 'vitest';
import { wayPlatform, waySite } from './decide-way.ts';

test.each([
  ['/sites/blog/', 'shared'],
  ['/sites/../admin/integrations', 'shared'],
  ['/site-root', 'shared'],
  ['/site-root?a', 'shared'],
  ['/site-root/a', 'shared'],
  ['/site-rootless', undefined],
  ['/sitesx/', undefined],
  ['/admin/integrations/sites', undefined],
] as const)("%s on the platform's origin: %s", (url, site) => {
  expect(wayPlatform(url).site).toBe(site);
});

test('how large a body may be goes by what it is made of', () => {
  expect(wayPlatform('/sse/chat').body).toBe('message');
  expect(wayPlatform('/admin/integrations/sites/blog/deploys').body).toBe('archive');
  expect(wayPlatform('/sites/blog/api/a').body).toBe('site');
  expect(waySite('/sse/chat').body).toBe('site');
});

test.each(['/auth/../internal/renew', '/a/%2e%2E/b', '/a/.', '/./a', '/a\\..\\b'])(
  'a path that would be another one tidied up is refused: %s',
  (url) => {
    expect(() => wayPlatform(url)).toThrow('The address cannot be read.');
  },
);

test.each(['/a/..b', '/a/.well-known', '/a.../b', '/c/1.2', '/?q=/../a', '/a/..%2f..%2fb'])(
  'dots that are part of a name, or of the query, pass as they are: %s',
  (url) => {
    expect(wayPlatform(url).target).toBe(url);
  },
);
