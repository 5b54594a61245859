import path from 'node:path';
import { describe, expect, vi } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

const CLERK_DIR = path.join(import.meta.dirname, '../../test/bundles/clerk');
const FETCHER_DIR = path.join(import.meta.dirname, '../../test/bundles/fetcher');

describe('a published site of a whole worker', () => {
  test('has pages and dynamic answers side by side, and a log of both without queries', async ({
    rig,
    redis,
  }) => {
    await rig.ship(CLERK_DIR);
    await rig.ship(FETCHER_DIR);
    const site = await openSite(rig, redis);
    await site.call('deploy', { files: [{ path: 'index.html', content: '<h1>Home</h1>' }] });
    expect((await site.own('/')).text).toBe('<h1>Home</h1>');
    const answer = await site.own('/api/message?token=secret', { method: 'POST', body: 'text' });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      200,
      { site: 'blog', path: '/api/message', query: [['token', 'secret']], body: 'text' },
    ]);
    const shared = await site.ask('/sites/blog/api/cookies');
    expect([shared.status, shared.headers.location, shared.headers['set-cookie']]).toEqual([
      302,
      '/sites/blog/done',
      undefined,
    ]);
    expect((await site.own('/api/throws')).status).toBe(502);
    const accepted = await site.own('/api/accepted');
    const later = await vi.waitFor(
      async () => {
        const asked = await site.own(String(accepted.headers.location));
        if (asked.status === 202) throw new Error('not yet');
        return asked;
      },
      { timeout: 20_000, interval: 30 },
    );
    expect([later.status, later.text]).toEqual([201, 'job 1']);

    const authorization = `Bearer ${await rig.token('privileged')}`;
    const logs = async (headers = {}) => site.ask('/admin/integrations/sites/blog/logs', { headers });
    expect((await logs()).status).not.toBe(200);
    await vi.waitFor(
      async () => {
        const { text } = await logs({ authorization });
        const { entries } = JSON.parse(text) as { entries: { path: string; status: number }[] };
        expect(entries).toContainEqual(expect.objectContaining({ method: 'GET', path: '/', status: 200 }));
        expect(entries).toContainEqual(
          expect.objectContaining({ method: 'POST', path: '/api/message', status: 200 }),
        );
        expect(entries).toContainEqual(expect.objectContaining({ path: '/api/throws', status: 502 }));
        expect(text).not.toContain('secret');
      },
      { timeout: 20_000, interval: 50 },
    );
  });
});
