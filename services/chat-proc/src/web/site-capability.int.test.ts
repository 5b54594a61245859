import { expect } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

test('what was published is listed by pages, addressed and taken back', async ({ rig, redis }) => {
  const site = await openSite(rig, redis, { sitesUrl: 'http://{site}.localhost:8081' });
  const files = ['a.txt', 'b.txt', 'docs/c d.txt', 'docs.txt'].map((path) => ({ path, content: path }));
  await site.call('deploy', { files });
  const list = async (data: object) => {
    const { body } = await site.call('list', data);
    const { items, next_cursor: cursor } = body as { items: { path: string }[]; next_cursor?: string };
    return [items.map(({ path }) => path), cursor];
  };
  expect(await list({ page: { limit: 3, cursor: '' } })).toEqual([
    ['a.txt', 'b.txt', 'docs.txt'],
    'docs.txt',
  ]);
  expect(await list({ page: { limit: 3, cursor: 'docs.txt' } })).toEqual([['docs/c d.txt'], undefined]);
  expect(await list({ prefix: 'docs/' })).toEqual([['docs/c d.txt'], undefined]);
  const url = async (path: string) => (await site.call('url', { path })).body;
  expect(await url('docs/c d.txt')).toBe('http://blog.localhost:8081/docs/c%20d.txt');
  expect((await site.own('/docs/c%20d.txt')).text).toBe('docs/c d.txt');
  expect((await site.call('unpublish', { path: 'a.txt' })).body).toEqual({ path: 'a.txt', deleted: true });
  expect((await site.call('unpublish', { path: 'a.txt' })).body).toEqual({ path: 'a.txt', deleted: false });
  expect((await site.call('unpublish', { path: '../a.txt' })).body).toMatchObject({
    error: expect.any(String) as string,
  });
  expect(await list({})).toEqual([['b.txt', 'docs.txt', 'docs/c d.txt'], undefined]);
});

test('a declared route is of the bundle that declared it, and of the folder that its scope holds', async ({
  rig,
  redis,
}) => {
  const site = await openSite(rig, redis);
  await site.call('deploy', { files: [{ path: 'index.html', content: 'x' }] });
  expect((await site.own('/site/a')).status).toBe(404);
  const within = { pathPrefix: 'site' };
  for (const pattern of ['/site*', '/site-evil/*', '/*', '/:any', '/site:x', '/sit*', '/other', '/'])
    expect((await site.call('route', { pattern, scope: within })).status, pattern).toBeGreaterThanOrEqual(
      400,
    );
  for (const pattern of ['no path', '/a b', '/a?b', '/a#b', '/a\\b'])
    expect((await site.call('route', { pattern })).body, pattern).toMatchObject({
      error: expect.any(String) as string,
    });
  for (const pattern of ['/site', '/site/*', '/site/a*', '/site/:id/x'])
    expect((await site.call('route', { pattern, scope: within })).body, pattern).toEqual({ pattern });
  // Nobody answers it: the bundle that declared it takes no requests, and no other one may.
  await expect.poll(async () => (await site.own('/site/a')).status, { timeout: 20_000 }).toBe(503);
  expect((await site.own('/site-evil')).status).toBe(404);
});
