import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { createSiteContents, createSiteRows, siteSettingsSchema } from '@switchyard/web-store';
import type { SiteManifest } from '@switchyard/web-store';
import { expect } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

const NAVIGATION = { accept: 'text/html,*/*;q=0.8' };

test('a single-page site: navigations that find nothing get the page, assets stay 404', async ({
  rig,
  redis,
  postgres,
}) => {
  const site = await openSite(rig, redis);
  const files = [
    { path: 'index.html', content: 'the app' },
    { path: '404.html', content: 'nowhere' },
    { path: 'app.js', content: 'run()' },
    { path: '_redirects', content: '/moved /elsewhere 301' },
  ];
  expect((await site.call('deploy', { files })).status).toBe(200);
  const rows = createSiteRows(postgres.sql, redis);
  await rows.change('blog', { settings: siteSettingsSchema.parse({ spa: true }) });
  const ask = async (target: string, headers: Record<string, string> = {}, method = 'GET') => {
    const { status, text, headers: said } = await site.own(target, { headers, method });
    return [status, text, said.vary];
  };
  const isByKind = 'Accept, Sec-Fetch-Mode';
  expect(await ask('/orders/17', NAVIGATION)).toEqual([200, 'the app', isByKind]);
  expect(await ask('/orders/17', { 'sec-fetch-mode': 'navigate' })).toEqual([200, 'the app', isByKind]);
  expect(await ask('/missing.js', { accept: '*/*' })).toEqual([404, 'nowhere', isByKind]);
  expect(await ask('/missing.js', { accept: '*/*', 'sec-fetch-mode': 'cors' })).toEqual([
    404,
    'nowhere',
    isByKind,
  ]);
  expect(await ask('/app.js', { accept: '*/*' })).toEqual([200, 'run()', undefined]);
  expect((await ask('/moved', NAVIGATION))[0]).toBe(301);
  expect((await ask('/orders/17', NAVIGATION, 'POST'))[0]).toBe(405);
  const head = await site.own('/orders/17', { method: 'HEAD', headers: NAVIGATION });
  expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '7']);
});

test('a file over what is kept in memory is streamed, whole and in parts', async ({
  rig,
  redis,
  postgres,
}) => {
  const site = await openSite(rig, redis);
  await site.call('deploy', { files: [{ path: 'index.html', content: 'x' }] });
  // By the store itself: what an operation takes is smaller than this.
  const contents = createSiteContents({ sql: postgres.sql, dir: path.join(rig.blobDir, 'sites') });
  const rows = createSiteRows(postgres.sql, redis);
  const bytes = randomBytes(5 * 1024 * 1024 + 3);
  const { sha256, size } = await contents.put(bytes, { maxBytes: 6 * 1024 * 1024, isCompressible: false });
  const manifest = { 'large.bin': { sha256, size, type: 'application/octet-stream', modified: 1 } };
  await rows.addDeploy('blog', { deployId: 'large1', manifest, createdBy: 'test' });
  expect(await rows.activate('blog', 'large1')).toBe(true);
  const whole = await site.own('/large.bin');
  expect([whole.status, whole.headers['content-length']]).toEqual([200, String(size)]);
  expect(createHash('sha256').update(whole.body).digest('hex')).toBe(sha256);
  const part = await site.own('/large.bin', { headers: { range: 'bytes=4194300-4194309' } });
  expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 4194300-4194309/${size}`]);
  expect(part.body).toEqual(bytes.subarray(4_194_300, 4_194_310));
  const head = await site.own('/large.bin', { method: 'HEAD' });
  expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String(size)]);
});

test('assets of a former deploy go when their time is over, its pages at once', async ({ rig, redis }) => {
  const site = await openSite(rig, redis, { siteRetain: '3s' });
  const deploy = (name: string) =>
    site.call('deploy', {
      files: [
        { path: 'index.html', content: name },
        { path: `${name}.html`, content: name },
        { path: `${name}.css`, content: name },
      ],
    });
  await deploy('one');
  expect((await site.own('/one.css')).text).toBe('one');
  await deploy('two');
  const [former, page] = [await site.own('/one.css'), await site.own('/one.html')];
  expect([former.status, former.text]).toEqual([200, 'one']);
  // Not forever in the cache of a browser: whoever asks after its time hears that it is gone.
  expect(former.headers['cache-control']).toBe('public, max-age=0, must-revalidate');
  expect(page.status).toBe(404);
  await expect.poll(async () => (await site.own('/one.css')).status, { timeout: 20_000 }).toBe(404);
  expect((await site.own('/two.css')).text).toBe('two');
});

test('assets of a former deploy stay for their time, however many deploys come after it, within a bound of files', async ({
  rig,
  redis,
  postgres,
}) => {
  const site = await openSite(rig, redis);
  const assets = ['a.css', 'b.css', 'c.css'];
  const files = [{ path: 'index.html', content: 'one' }, ...assets.map((path) => ({ path, content: path }))];
  await site.call('deploy', { files });
  const rows = createSiteRows(postgres.sql, redis);
  const [first] = await rows.listDeploys('blog', 1);
  const whole: SiteManifest = (await rows.findDeploy('blog', first?.deploy_id ?? ''))?.manifest ?? {};
  const { 'a.css': _gone, ...rest } = whole;
  // As many as a day of work has: by the store itself, as the deploys of another worker.
  for (let at = 0; at < 60; at += 1) {
    await rows.addDeploy('blog', { deployId: `next${at}`, manifest: rest, createdBy: 'test' });
    expect(await rows.activate('blog', `next${at}`)).toBe(true);
  }
  expect((await site.own('/a.css')).text).toBe('a.css');
  const pathsOf = async (maxFiles: number) =>
    (await rows.retiredFiles('blog', 'next59', { withinSec: 3600, maxFiles })).map(({ path }) => path);
  // Of 59 deploys of three files, and then the first one.
  expect([await pathsOf(178), await pathsOf(177)]).toEqual([['a.css'], []]);
  // What is there is not looked for among what was.
  expect(await rows.retiredFiles('blog', null, { withinSec: 3600, maxFiles: 1 })).toHaveLength(3);
});
