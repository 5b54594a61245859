import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';
import type { SiteReply } from '../../test/site-rig.ts';
import { FILES, LONG } from '../../test/static-files.ts';
import { ROWS } from '../../test/static-rows.ts';
import type { Row } from '../../test/static-rows.ts';

function check(row: Row, reply: SiteReply): void {
  const said = `${row.what}: ${row.target.slice(0, 60)}`;
  expect(reply.status, said).toBe(row.status);
  for (const [name, wanted] of Object.entries(row.has ?? {})) {
    const value = reply.headers[name];
    if (wanted === null) expect(value, `${said}, ${name}`).toBeUndefined();
    else if (typeof wanted === 'string') expect(value, `${said}, ${name}`).toBe(wanted);
    else expect(value, `${said}, ${name}`).toMatch(wanted);
  }
  if (typeof row.text === 'string') expect(reply.text, said).toBe(row.text);
  else if (row.text !== undefined) expect(reply.text, said).toMatch(row.text);
}

test('every row of the table of static serving', async ({ rig, redis }) => {
  const site = await openSite(rig, redis);
  const deployed = await site.call('deploy', { files: FILES });
  expect(deployed.status).toBe(200);
  expect(deployed.body['problems']).toEqual([
    { file: '_headers', line: 8, message: '"nonsense" is no path: write /path, /path/* or /:name' },
    { file: '_headers', line: 10, message: 'Content-Length is worked out by the platform and cannot be set' },
    { file: '_headers', line: 11, message: 'the value of X-Bad has characters that no header can hold' },
    {
      file: '_redirects',
      line: 10,
      message: 'a rewrite to another server is not supported: answer it by a dynamic route',
    },
    { file: '_redirects', line: 11, message: '"299" is no status: 200, 301, 302, 303, 307, 308, 404' },
  ]);
  for (const row of ROWS) check(row, await site.own(row.target, row));
  const [br, gzip] = await Promise.all(
    ['br', 'gzip'].map((coding) => site.own('/app.4f2a1c9e.css', { headers: { 'accept-encoding': coding } })),
  );
  expect(brotliDecompressSync(br?.body ?? '').toString()).toBe(LONG);
  expect(gunzipSync(gzip?.body ?? '').toString()).toBe(LONG);
});

test('on the shared origin a site is sandboxed, relative and without workers', async ({ rig, redis }) => {
  const site = await openSite(rig, redis);
  await site.call('deploy', {
    files: [
      ...FILES.slice(0, 3),
      {
        path: '_headers',
        content: '/*\n  Clear-Site-Data: "*"\n  Content-Security-Policy: default-src *\n  X-Ok: 1',
      },
    ],
  });
  const page = await site.ask('/sites/blog/');
  expect(page.status).toBe(200);
  expect(page.headers['content-security-policy']).toBe(
    'sandbox allow-scripts allow-forms allow-popups allow-downloads, default-src *',
  );
  expect(page.headers['clear-site-data']).toBeUndefined();
  expect(page.headers['x-ok']).toBe('1');
  expect(page.headers['set-cookie']).toBeUndefined();
  expect((await site.ask('/sites/blog')).headers.location).toBe('/sites/blog/');
  expect((await site.ask('/sites/blog/docs')).headers.location).toBe('/sites/blog/docs/');
  expect((await site.ask('/sites/blog/', { headers: { 'service-worker': 'script' } })).status).toBe(403);
  expect((await site.ask('/sites/none/')).status).toBe(404);
  expect((await site.ask('/sites/none/')).headers['content-security-policy']).toContain('sandbox');
});

test('a scope is only ever narrowed, by whole segments', async ({ rig, redis }) => {
  const site = await openSite(rig, redis);
  const put = (path: string, scope?: unknown) =>
    site.call('publish', { path, content: 'x', ...(scope === undefined ? {} : { scope }) });
  expect((await put('site/a.html', { pathPrefix: 'site' })).body).toMatchObject({
    path: 'site/a.html',
    created: true,
  });
  expect((await put('site/a.html')).body).toMatchObject({ created: false });
  for (const path of ['site-evil.html', 'other/a.html', 'sit'])
    expect((await put(path, { pathPrefix: 'site' })).status, path).toBeGreaterThanOrEqual(400);
  for (const path of [
    'site/../evil.html',
    '',
    'a//b',
    'a/./b',
    'a\\b',
    'a\u0000b',
    '%2e%2e/x',
    'a%2fb',
    'x'.repeat(1200),
  ])
    expect((await put(path)).body, path).toMatchObject({ error: expect.any(String) as string });
  expect((await put('x.html', { site: 'docs' })).status).toBeGreaterThanOrEqual(400);
  expect((await put('x.html', { ops: ['list'] })).status).toBeGreaterThanOrEqual(400);
  expect(
    (await site.call('publish', { path: 'b.bin', content: 'not base64!', base64: true })).body,
  ).toMatchObject({ error: expect.any(String) as string });
  for (const path of ['a%.txt', 'a_b.txt']) expect((await put(path)).body).toMatchObject({ path });
  const listed = (await site.call('list', { prefix: 'a%' })).body['items'] as { path: string }[];
  expect(listed.map(({ path }) => path)).toEqual(['a%.txt']);
});

test('rollback moves the pointer back, and assets of the former deploy stay', async ({ rig, redis }) => {
  const site = await openSite(rig, redis);
  const deploy = async (name: string): Promise<string> => {
    const files = [
      { path: 'index.html', content: name },
      { path: `${name}.js`, content: name },
      { path: `${name}.html`, content: name },
    ];
    return String((await site.call('deploy', { files })).body['id']);
  };
  const first = await deploy('one');
  await deploy('two');
  expect((await site.own('/')).text).toBe('two');
  expect((await site.own('/one.js')).text).toBe('one');
  expect((await site.own('/one.html')).status).toBe(404);
  const preview = await site.ask('/site-root/', {
    headers: { host: `${first}--blog.localhost`, 'x-switchyard-site-origin': 'own' },
  });
  expect([preview.text, preview.headers['x-robots-tag']]).toEqual(['one', 'noindex']);
  await site.call('rollback', { id: first });
  await expect.poll(async () => (await site.own('/')).text).toBe('one');
  expect((await site.call('rollback', { id: 'nothing' })).body).toMatchObject({
    error: expect.any(String) as string,
  });
});
