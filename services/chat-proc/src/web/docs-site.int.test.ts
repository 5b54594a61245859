import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, vi } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';

const BUNDLES = path.join(import.meta.dirname, '../../../../bundles');
const HOST = { host: 'docs.localhost', 'x-switchyard-site-origin': 'own' };

/** `fetch` would put a host of its own in place of the site's. */
const get = (port: number, target: string, headers: Record<string, string> = {}) =>
  new Promise<{ status: number; text: string; type: string }>((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: `/site-root${target}`,
      headers: { ...HOST, ...headers },
    });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text, type: String(answer.headers['content-type']) }),
      );
    });
    asked.end();
  });

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: path.join(BUNDLES, 'docs-site') });
});

test('the documentation is published at the first start and not again, and its search answers', async ({
  rig,
  postgres,
}) => {
  await rig.ship(path.join(BUNDLES, 'web-gateway'));
  const shipped = await rig.ship(path.join(BUNDLES, 'docs-site'));
  // A part of it is enough here: storing and compressing a hundred pages is half a minute of a busy machine.
  for (const folder of ['decisions', 'explanation', 'reference', 'tutorials', 'images'])
    await rm(path.join(shipped, 'dist/site', folder), { recursive: true });
  const first = await rig.start({ defaultBundle: 'docs-site' });
  const isThere = { timeout: 60_000, interval: 50 };
  const page = await vi.waitFor(async () => {
    const asked = await get(first.port, '/how-to/stop-a-turn');
    expect(asked.status).toBe(200);
    return asked;
  }, isThere);
  expect(page.text).toContain('<h1>Stop an answer</h1>');
  expect((await get(first.port, '/')).text).toContain('Switchyard documentation');
  const missing = await get(first.port, '/how-to/stop');
  expect([missing.status, missing.text.includes('There is no such page')]).toEqual([404, true]);

  const search = await get(first.port, '/api/search?q=steer%20the%20queu', { accept: 'application/json' });
  expect([search.status, search.type]).toEqual([200, 'application/json']);
  const { results } = JSON.parse(search.text) as { results: { url: string }[] };
  expect(results[0]?.url).toMatch(/^how-to\/watch-and-steer-the-queue/u);
  const results2 = await get(first.port, '/api/search?q=%3Cb%3E', { accept: 'text/html' });
  expect([results2.status, results2.type]).toEqual([200, 'text/html; charset=utf-8']);
  expect(results2.text).toContain('&lt;b&gt;');

  const jobs = () =>
    postgres.sql.query<{ status: string }>({
      text: `select status from background_job where name = 'publish'`,
    });
  const deploys = async () => (await postgres.sql.query({ text: 'select deploy_id from web_deploy' })).length;
  await vi.waitFor(async () => expect(await jobs()).toEqual([{ status: 'done' }]), isThere);
  // A second worker, as at every later start: the same activation, so no second job.
  await rig.start({ defaultBundle: 'docs-site' });
  expect([await jobs(), await deploys()]).toEqual([[{ status: 'done' }], 1]);

  // Forgotten by the platform, the job comes again, finds what is there and leaves it.
  await postgres.sql.query({ text: 'delete from background_job' });
  await rig.start({ defaultBundle: 'docs-site' });
  await vi.waitFor(async () => expect(await jobs()).toEqual([{ status: 'done' }]), isThere);
  expect(await deploys()).toBe(1);
}, 120_000);

test('a bundle that is left out is not registered', async ({ rig }) => {
  await rig.ship(path.join(BUNDLES, 'hello'));
  await rig.ship(path.join(BUNDLES, 'docs-site'));
  const { port } = await rig.start({ bundlesLeftOut: 'docs-site', defaultBundle: 'hello' });
  expect((await get(port, '/')).status).toBe(404);
});
