import { request } from 'node:http';
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

const PANEL_DIR = path.join(import.meta.dirname, '../../test/bundles/panel');

interface Panel {
  /** `path` below this server; `token: null` for nobody. */
  get(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
  at: string;
  statics: string;
  origin: string;
  admin: string;
  dir: string;
}

async function openPanel(
  rig: ProcRig,
  { tenant, project }: { tenant: string; project: string },
): Promise<Panel> {
  await rig.ship(ACTOR_DIR);
  const dir = await rig.ship(PANEL_DIR);
  const { port } = await rig.start({ bundleSources: '*' });
  const origin = `http://127.0.0.1:${port}`;
  const registered = await rig.token('registered');
  return {
    origin,
    dir,
    admin: await rig.token('privileged'),
    at: `/api/integrations/bundles/${tenant}/${project}/panel`,
    statics: `/api/integrations/static/${tenant}/${project}/panel`,
    get(address, { token = registered, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set('authorization', `Bearer ${token}`);
      return fetch(`${origin}${address}`, { redirect: 'manual', ...init, headers });
    },
  };
}

/** Without the client tidying the path up first. */
function rawStatus(origin: string, address: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const asked = request({ hostname, port, path: address, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

async function ticketFor(
  panel: Panel,
  alias: string,
): Promise<{ ticket: string; url: string; version: string }> {
  const answer = await panel.get(`${panel.at}/widgets/${alias}/ticket`, { method: 'POST' });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { ticket: string; url: string; version: string };
}

test('widgets are listed and served to whom they are for, in a sandbox', async ({ rig, redis }) => {
  const panel = await openPanel(rig, redis);
  const list = (await (await panel.get(`${panel.at}/widgets`)).json()) as { widgets: { alias: string }[] };
  expect(list.widgets.map(({ alias }) => alias)).toEqual(['plain', 'built', 'open']);

  expect((await panel.get(`${panel.at}/widgets/plain`)).headers.get('location')).toBe(
    `${panel.at}/widgets/plain/`,
  );
  const page = await panel.get(`${panel.at}/widgets/plain/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('Plain first');
  expect(page.headers.get('content-type')).toContain('text/html');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/^sandbox allow-scripts allow-forms; default-src 'none';/u);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  expect(page.headers.get('cache-control')).toBe('private, no-cache');
  const etag = page.headers.get('etag') ?? '';
  const open = `${panel.at}/public/widgets/open/`;
  const known = (await panel.get(open, { token: null })).headers.get('etag') ?? '';
  expect(known).toBe(etag);
  // By hand: fetch would add `no-cache` to a conditional request.
  expect(await rawStatus(panel.origin, open, { 'if-none-match': known })).toBe(304);

  expect((await panel.get(`${panel.at}/widgets/staff/`)).status).toBe(403);
  expect((await panel.get(`${panel.at}/widgets/none/`)).status).toBe(404);
  expect((await panel.get(`${panel.at}/widgets/constructor/`)).status).toBe(404);
  expect((await panel.get(`${panel.at}/widgets/plain/`, { token: null })).status).toBe(401);
  expect((await panel.get(`${panel.at}/public/widgets/open/`, { token: null })).status).toBe(200);
  expect((await panel.get(`${panel.at}/public/widgets/plain/`, { token: null })).status).toBe(404);
});

test('no address leads out of the folder', async ({ rig, redis }) => {
  const panel = await openPanel(rig, redis);
  const open = `${panel.at}/public/widgets/open`;
  expect((await panel.get(`${open}/look.css`, { token: null })).status).toBe(200);
  for (const way of [
    '../plain.txt',
    '..%2fplain.txt',
    '%2e%2e/plain.txt',
    '%2e%2e%2fplain.txt',
    '..%5cplain.txt',
    '%00',
    '.hidden',
    'a/../../bundle.ts',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'index.html%00.css',
  ])
    expect([way, await rawStatus(panel.origin, `${open}/${way}`)]).toEqual([
      way,
      expect.toSatisfy((s) => s >= 400 && s < 500),
    ]);
});

test('static files have ranges, and an address with the version never changes', async ({ rig, redis }) => {
  const panel = await openPanel(rig, redis);
  const file = `${panel.statics}/ten.txt`;
  const part = await panel.get(file, { token: null, headers: { range: 'bytes=2-4' } });
  expect([part.status, await part.text()]).toEqual([206, '234']);
  expect(part.headers.get('content-range')).toBe('bytes 2-4/10');
  expect((await panel.get(file, { token: null, headers: { range: 'bytes=90-' } })).status).toBe(416);
  const { version } = await ticketFor(panel, 'plain');
  const pinned = await panel.get(`${file}?v=${version}`, { token: null });
  expect(pinned.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect((await panel.get(`${file}?v=panel__other`, { token: null })).status).toBe(404);
  expect((await panel.get(`${panel.statics}/nothing.txt`, { token: null })).status).toBe(404);
});

test('a ticket opens its widget and the operations of its bundle, and nothing else', async ({
  rig,
  redis,
}) => {
  const panel = await openPanel(rig, redis);
  const { ticket, url } = await ticketFor(panel, 'plain');
  const page = await panel.get(url, { token: null });
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  expect((await panel.get(`${url}look.css`, { token: null })).status).toBe(200);

  const call = (address: string, body?: object) =>
    panel.get(`${address}?widget_ticket=${ticket}`, {
      token: null,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { 'content-type': 'application/json' },
    });
  const answer = await call(`${panel.at}/operations/who`, { a: 1 });
  expect(await answer.json()).toMatchObject({ who: { user: 'registered-user', input: { a: 1 } } });
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const sought = await panel.get(`${panel.at}/operations/seek?q=x&widget_ticket=${ticket}`, { token: null });
  expect(await sought.json()).toMatchObject({ seek: { q: 'x' } });

  const asked = { method: 'OPTIONS', token: null };
  const allowed = await panel.get(`${panel.at}/operations/who?widget_ticket=${ticket}`, asked);
  expect(allowed.headers.get('access-control-allow-headers')).toContain('content-type');
  const without = await panel.get(`${panel.at}/operations/who`, asked);
  expect(without.headers.get('access-control-allow-origin')).toBeNull();

  const other = panel.at.replace(/panel$/u, 'actor');
  expect((await call(`${other}/operations/who`, {})).status).toBe(401);
  expect((await call(`${panel.at}/widgets`)).status).toBe(401);
  expect((await call(`${panel.at}/widgets/plain/`)).status).toBe(401);
  expect((await call(panel.at)).status).toBe(401);
  const built = url.replace('/widgets/plain/', '/widgets/built/');
  expect((await panel.get(built, { token: null })).status).toBe(401);
  expect((await panel.get(url.replace(/~./u, '~x'), { token: null })).status).toBe(401);
});

test('sources are built at registration; a build that fails keeps the former version', async ({
  rig,
  redis,
}) => {
  const panel = await openPanel(rig, redis);
  const first = await ticketFor(panel, 'built');
  const html = await (await panel.get(first.url, { token: null })).text();
  const script = /src="\.\/(assets\/[^"]+\.js)"/u.exec(html)?.[1] ?? '';
  const code = await (await panel.get(first.url + script, { token: null })).text();
  expect(code).toContain('postMessage');
  expect((await panel.get(`${panel.at}/widgets/built/page.js`)).status).toBe(404);

  const register = async (change: (dir: string) => Promise<void>) => {
    const dir = path.join(panel.dir, '../../sources/panel');
    await cp(PANEL_DIR, dir, { recursive: true });
    await change(dir);
    return panel.get('/admin/integrations/bundles', {
      token: panel.admin,
      method: 'POST',
      body: JSON.stringify({ op: 'merge', bundles: { panel: { path: dir } } }),
      headers: { 'content-type': 'application/json' },
    });
  };
  const refused = async (text: string): Promise<string> => {
    const answer = await register((dir) => writeFile(path.join(dir, 'built/page.js'), text));
    const said = await answer.text();
    expect(said).toContain('The widget \\"built\\" cannot be shown');
    return said;
  };
  expect(await refused("import './missing.js';")).toContain('missing.js');
  expect(await refused("import text from '/etc/passwd?raw'; document.title = text;")).not.toContain('root:');
  expect(await refused('const = ;')).toContain('page.js');
  expect((await ticketFor(panel, 'built')).version).toBe(first.version);

  const good = await register((dir) =>
    writeFile(path.join(dir, 'built/page.js'), "document.title = 'second';"),
  );
  expect(good.status).toBe(200);
  const second = await ticketFor(panel, 'built');
  expect(second.version).not.toBe(first.version);
  // A page that is open goes on with what it began with.
  expect(await (await panel.get(first.url, { token: null })).text()).toBe(html);
  expect((await panel.get(first.url + script, { token: null })).status).toBe(200);
});

test('what is built lies beside the versions, complete or not at all', async ({ rig, redis }) => {
  const panel = await openPanel(rig, redis);
  const store = path.join(panel.dir, '../../store/.built');
  const { version } = await ticketFor(panel, 'built');
  expect(await readdir(store)).toEqual([version]);
  expect(await readFile(path.join(store, version, 'built/index.html'), 'utf8')).toContain('Built');
});
