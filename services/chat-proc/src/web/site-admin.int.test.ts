import { expect, vi } from 'vitest';
import { makeTar, makeZip } from '@switchyard/registry/testing';
import type { MadeEntry } from '@switchyard/registry/testing';
import { procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

const SITES = '/admin/integrations/sites';

interface Deploy {
  id: string;
  url: string;
  site_url: string;
  is_active: boolean;
  files: number;
  problems: unknown[];
}

async function open(
  rig: ProcRig,
  scope: { tenant: string; project: string },
  settings: Record<string, string> = {},
) {
  const site = await openSite(rig, scope, { sitesUrl: 'http://{site}.localhost:8081', ...settings });
  const authorization = `Bearer ${await rig.token('privileged')}`;
  const admin = async <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: T }> => {
    const isBytes = Buffer.isBuffer(body);
    const { status, text } = await site.ask(`${SITES}${path}`, {
      method,
      headers: {
        authorization,
        ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/gzip' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    });
    return { status, body: JSON.parse(text) as T };
  };
  const upload = (alias: string, archive: Buffer, query = '') =>
    admin<Deploy>('POST', `/${alias}/deploys${query}`, archive);
  return { ...site, admin, upload };
}

const page = (text: string): MadeEntry[] => [
  { path: 'index.html', content: `<h1>${text}</h1>` },
  { path: 'a b/ä.txt', content: text },
];
const detailOf = ({ body }: { body: object }) =>
  ('detail' in body ? body.detail : {}) as { error: string; error_type: string };

test('a site is deployed from an archive, previewed, switched and rolled back', async ({ rig, redis }) => {
  const { admin, upload, own } = await open(rig, redis);
  const first = await upload('shop', makeZip(page('one')));
  expect(first).toMatchObject({
    status: 200,
    body: { is_active: true, files: 2, problems: [], site_url: 'http://shop.localhost:8081/' },
  });
  const host = (name: string) => ({ headers: { host: `${name}.localhost:8081` } });
  expect((await own('/', host('shop'))).text).toBe('<h1>one</h1>');
  expect((await own('/a%20b/%C3%A4.txt', host('shop'))).text).toBe('one');

  const second = await upload('shop', await makeTar(page('two')), '?activate=0');
  expect(second.body).toMatchObject({
    is_active: false,
    url: `http://${second.body.id}--shop.localhost:8081/`,
  });
  expect((await own('/', host('shop'))).text).toBe('<h1>one</h1>');
  expect((await own('/', host(`${second.body.id}--shop`))).text).toBe('<h1>two</h1>');
  expect((await admin('GET', `/shop/deploys/${second.body.id}`)).body).toMatchObject({
    difference: { added: [], changed: ['a b/ä.txt', 'index.html'], removed: [], is_cut: false },
  });

  expect((await admin('POST', `/shop/deploys/${second.body.id}/activate`)).body).toMatchObject({
    is_active: true,
  });
  await vi.waitFor(async () => expect((await own('/', host('shop'))).text).toBe('<h1>two</h1>'), 20_000);
  expect((await admin('POST', '/shop/rollback')).body).toMatchObject({ id: first.body.id });
  await vi.waitFor(async () => expect((await own('/', host('shop'))).text).toBe('<h1>one</h1>'), 20_000);
  expect((await admin('GET', '/shop/deploys')).body).toMatchObject({
    active_deploy: first.body.id,
    deploys: [{ id: second.body.id }, { id: first.body.id, is_active: true }],
  });
  const files = await admin<{ files: { path: string }[]; next_cursor: string }>(
    'GET',
    `/shop/deploys/${first.body.id}/files?limit=1`,
  );
  expect(files.body).toMatchObject({
    files: [{ path: 'a b/ä.txt', content_type: 'text/plain; charset=utf-8' }],
    next_cursor: 'a b/ä.txt',
  });

  expect((await admin('POST', '/shop/unpublish', { path: 'index.html' })).body).toEqual({
    path: 'index.html',
    deleted: true,
  });
  await vi.waitFor(async () => expect((await own('/', host('shop'))).status).toBe(404), 20_000);
  expect((await admin('POST', `/shop/deploys/nothing/activate`)).status).toBe(404);
  expect((await admin('POST', '/nothing/rollback')).status).toBe(404);
});

test('names and settings of a site are changed by whoever saw the last of them', async ({ rig, redis }) => {
  const { admin, own } = await open(rig, redis);
  expect((await admin('POST', '', { alias: 'news' })).body).toMatchObject({ status: 'ok' });
  expect((await admin('POST', '', { alias: 'news' })).body).toMatchObject({
    status: 'unchanged',
    site: { alias: 'news', hosts: [], owner: null, version: 1, settings: { access: { kind: 'public' } } },
  });
  const changed = await admin('PATCH', '/news', {
    hosts: ['news.example.com'],
    settings: { access: { kind: 'users' }, spa: true },
    expected_version: 1,
  });
  expect(changed).toMatchObject({
    status: 200,
    body: { hosts: ['news.example.com'], version: 2, settings: { access: { kind: 'users' }, spa: true } },
  });
  expect((await admin('PATCH', '/news', { settings: { spa: false }, expected_version: 1 })).status).toBe(409);
  expect((await admin('PATCH', '/news', { settings: { access: null } })).body).toMatchObject({
    hosts: ['news.example.com'],
    settings: { access: { kind: 'public' }, spa: true },
  });
  const guarded = await own('/', { headers: { host: 'news.example.com' } });
  expect(guarded.status).toBe(404);
  await admin('PATCH', '/news', { settings: { access: { kind: 'users' } } });
  await vi.waitFor(
    async () => expect((await own('/', { headers: { host: 'news.example.com' } })).status).toBe(401),
    20_000,
  );

  await admin('POST', '', { alias: 'other' });
  for (const [body, field] of [
    [{ hosts: ['news.example.com'] }, 'hosts'],
    [{ hosts: ['blog.localhost'] }, 'hosts'],
    [{ settings: { access: { kind: 'everybody' } } }, 'settings.access.kind'],
    [{ settings: { colour: 'red' } }, 'settings'],
  ] as const) {
    const refused = await admin('PATCH', '/other', body);
    expect([refused.status, detailOf(refused)]).toMatchObject([422, { field }]);
  }
  expect((await admin('PATCH', '/other', { hosts: ['Not A Host'] })).status).toBe(400);
  for (const alias of ['No', 'a--b', '-a', 'a'.repeat(64)])
    expect((await admin('POST', '', { alias })).status).toBe(400);

  const list = await admin<{ sites: { alias: string }[]; next_cursor: string }>('GET', '?limit=1');
  expect([list.body.sites.map(({ alias }) => alias), list.body.next_cursor]).toEqual([['news'], 'news']);
  const rest = await admin<{ sites: { alias: string }[] }>('GET', '?cursor=news');
  expect(rest.body.sites.map(({ alias }) => alias)).toEqual(['other']);
  expect((await admin('DELETE', '/other')).body).toEqual({ status: 'removed' });
  expect((await admin('DELETE', '/other')).status).toBe(404);
  expect((await admin('GET', '/other')).status).toBe(404);
});

test('an archive that was made to do harm is refused whole', async ({ rig, redis }) => {
  const { admin, upload } = await open(rig, redis, {
    siteMaxFiles: '20',
    siteMaxFile: '20MiB',
    siteMaxBytes: '30MiB',
    siteArchiveLimit: '1MiB',
  });
  const zeros = (mebibytes: number) => Buffer.alloc(mebibytes * 1024 * 1024);
  const harmful: [what: string, archive: Buffer, status: number, reason: RegExp][] = [
    ['traversal', makeZip([{ path: '../evil.html', content: 'x' }]), 422, /leads out|relative path/],
    ['traversal in a tar', await makeTar([{ path: 'a/../../evil.html', content: 'x' }]), 422, /leads out/],
    ['an absolute path', await makeTar([{ path: '/etc/evil', content: 'x' }]), 422, /absolute/],
    [
      'a link',
      await makeTar([...page('x'), { path: 'l', type: 'symlink', linkname: '/etc/passwd' }]),
      422,
      /links are not/,
    ],
    ['a bomb', await makeTar([{ path: 'zeros', content: zeros(16) }]), 422, /100 times its size/],
    ['a large file', await makeTar([{ path: 'zeros', content: zeros(21) }]), 422, /larger than/],
    [
      'many bytes',
      await makeTar(['a', 'b', 'c'].map((path) => ({ path, content: zeros(11) }))),
      422,
      /bytes in all|unpacks to more/,
    ],
    [
      'many files',
      await makeTar(Array.from({ length: 21 }, (_, at) => ({ path: `f${at}`, content: 'x' }))),
      422,
      /more than 20 files/,
    ],
    ['an encoded path', makeZip([{ path: 'a%2fb.html', content: 'x' }]), 422, /is encoded/],
    ['no archive', Buffer.from('hello'), 422, /no archive/],
    ['nothing but what is left out', makeZip([{ path: '.env', content: 'SECRET' }]), 422, /no files/],
    ['a large archive', zeros(2), 413, /too large/],
  ];
  for (const [what, archive, status, reason] of harmful) {
    const refused = await upload('target', archive);
    expect([what, refused.status, detailOf(refused).error]).toEqual([
      what,
      status,
      expect.stringMatching(reason),
    ]);
  }
  const { body } = await admin<{ deploys: unknown[] }>('GET', '/target/deploys');
  expect(body.deploys ?? []).toEqual([]);

  // What tools leave in a folder is not published.
  const { body: kept } = await upload(
    'tidy',
    makeZip([
      { path: 'index.html', content: 'x' },
      { path: '.env', content: 'SECRET=1' },
      { path: '.git/config', content: 'x' },
      { path: '__MACOSX/index.html', content: 'x' },
      { path: '.well-known/security.txt', content: 'x' },
    ]),
  );
  const { body: files } = await admin<{ files: { path: string }[] }>('GET', `/tidy/deploys/${kept.id}/files`);
  expect(files.files.map(({ path }) => path)).toEqual(['.well-known/security.txt', 'index.html']);
});

test('only administrators, and each change with its audit entry', async ({ rig, redis, postgres }) => {
  const { ask, admin, upload } = await open(rig, redis);
  const plain = `Bearer ${await rig.token('registered')}`;
  const routes = [
    ['GET', ''],
    ['POST', ''],
    ['GET', '/shop'],
    ['PATCH', '/shop'],
    ['DELETE', '/shop'],
    ['GET', '/shop/deploys'],
    ['POST', '/shop/deploys'],
    ['GET', '/shop/deploys/d'],
    ['GET', '/shop/deploys/d/files'],
    ['POST', '/shop/deploys/d/activate'],
    ['POST', '/shop/rollback'],
    ['POST', '/shop/unpublish'],
    ['GET', '/shop/logs'],
  ] as const;
  for (const [method, path] of routes) {
    const json = { 'content-type': 'application/json' };
    const bodies: Record<string, string> = { POST: '{"alias":"shop"}', PATCH: '{}' };
    const body = path === '/shop/unpublish' ? '{"path":"a"}' : bodies[method];
    const asked = (headers: Record<string, string>) =>
      ask(`${SITES}${path}`, { method, headers: { ...json, ...headers }, ...(body ? { body } : {}) });
    expect([method, path, (await asked({ authorization: plain })).status]).toEqual([method, path, 403]);
    expect([method, path, [401, 403].includes((await asked({})).status)]).toEqual([method, path, true]);
  }
  const { body } = await upload('shop', makeZip(page('one')));
  await admin('PATCH', '/shop', { hosts: ['shop.example.com'] });
  await upload('shop', Buffer.from('no archive'));
  await admin('POST', `/shop/deploys/${body.id}/activate`);
  await admin('DELETE', '/shop');
  const rows = await postgres.sql.query<Record<string, unknown>>({
    text: 'select action, target, outcome, before, after from audit_entry order by audit_id',
  });
  expect(rows).toMatchObject([
    { action: 'site.deploy', target: 'shop', outcome: 'done', after: { deploy: body.id, files: 2 } },
    {
      action: 'site.change',
      outcome: 'done',
      before: { hosts: [] },
      after: { hosts: ['shop.example.com'] },
    },
    { action: 'site.deploy', outcome: 'refused', after: { error_type: 'request.unprocessable' } },
    { action: 'site.activate', outcome: 'done', after: { deploy: body.id } },
    { action: 'site.remove', outcome: 'done', before: { hosts: ['shop.example.com'] }, after: null },
  ]);
});
