import { describe, expect, vi } from 'vitest';
import { webTest as test } from '../../test/web-rig.ts';
import { createSiteLog } from './dynamic/site-log.ts';

const ask = async (origin: string, address: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${origin}${address}`, { headers });
  return { text: await answer.text(), headers: answer.headers };
};
const textOf = async (...args: Parameters<typeof ask>): Promise<string> => (await ask(...args)).text;

describe('answers that are kept', () => {
  test('only where the site wants it', async ({ rig }) => {
    const { origin } = await rig.start();
    expect(await textOf(origin, '/fetch/cached')).not.toBe(await textOf(origin, '/fetch/cached'));
  });

  test('are given again by path and query, without their tags, with their age', async ({ rig }) => {
    rig.site('shop', { dynamic: { microCache: true } });
    const { origin } = await rig.start();
    const first = await ask(origin, '/fetch/cached?q=a');
    const again = await ask(origin, '/fetch/cached?q=a');
    expect(again.text).toBe(first.text);
    expect([first.headers.get('age'), again.headers.get('age')]).toEqual([null, '0']);
    expect(again.headers.get('cache-tag')).toBe(null);
    expect(await textOf(origin, '/fetch/cached?q=b')).not.toBe(first.text);
    const head = await fetch(`${origin}/fetch/cached?q=a`, { method: 'HEAD' });
    expect([head.headers.get('age'), await head.text()]).toEqual(['0', '']);
  });

  test('never to or from who brings a cookie or a password, and never with one', async ({ rig }) => {
    rig.site('shop', { dynamic: { microCache: true } });
    const { origin } = await rig.start();
    const kept = await textOf(origin, '/fetch/cached');
    for (const headers of [{ cookie: 'a=1' }, { authorization: 'Basic abc' }])
      expect(await textOf(origin, '/fetch/cached', headers)).not.toBe(kept);
    expect(await textOf(origin, '/fetch/cached')).toBe(kept);
    const withCookie = await textOf(origin, '/fetch/cached?cookie=1');
    expect(await textOf(origin, '/fetch/cached?cookie=1')).not.toBe(withCookie);
  });

  test('hold nothing of a header that is not in their key', async ({ rig }) => {
    rig.site('shop', { dynamic: { microCache: true } });
    const { origin } = await rig.start();
    const poison = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-scheme': 'http',
      'x-original-url': '/evil',
      'user-agent': 'evil',
    };
    const seen = JSON.parse(await textOf(origin, '/fetch/request', poison)) as { headers: object };
    expect(Object.keys(seen.headers).toSorted()).toEqual(['accept', 'accept-language', 'host']);
    expect(await textOf(origin, '/fetch/cached', poison)).not.toContain('evil');
    const english = await textOf(origin, '/fetch/cached', { 'accept-language': 'en' });
    expect(await textOf(origin, '/fetch/cached', { 'accept-language': 'de' })).not.toBe(english);
  });

  test('go with a purge of their tag, in every worker, and with a deploy', async ({ rig }) => {
    const kept = { dynamic: { microCache: true } };
    rig.site('shop', kept);
    const [one, two] = [await rig.start(), await rig.start()];
    const address = '/fetch/cached?q=purge';
    const before = [await textOf(one.origin, address), await textOf(two.origin, address)];
    await fetch(`${one.origin}/fetch/purge/other`);
    expect([await textOf(one.origin, address), await textOf(two.origin, address)]).toEqual(before);
    await fetch(`${one.origin}/fetch/purge/page`);
    expect(await textOf(one.origin, address)).not.toBe(before[0]);
    await vi.waitFor(async () => expect(await textOf(two.origin, address)).not.toBe(before[1]), {
      timeout: 20_000,
    });
    const fresh = await textOf(one.origin, address);
    const site = rig.sites.get('shop');
    if (site !== undefined) rig.sites.set('shop', { ...site, deployId: 'd2' });
    expect(await textOf(one.origin, address)).not.toBe(fresh);
  });

  test('are given once more when stale, while a new one is made', async ({ rig }) => {
    rig.site('shop', { dynamic: { microCache: true } });
    const { origin } = await rig.start();
    const address = '/fetch/cached?age=1&stale=3600';
    const first = await textOf(origin, address);
    // The clock of the answer itself: until its age says that it is stale, it is the same one.
    await vi.waitFor(
      async () => {
        const now = await ask(origin, address);
        if (now.text === first) throw new Error(`age ${now.headers.get('age') ?? ''}`);
      },
      { timeout: 20_000, interval: 100 },
    );
  });
});

test('the request log keeps the last lines of a site, of all workers, and goes on from a position', async ({
  rig,
}) => {
  const { base } = await rig.start();
  const logs = [createSiteLog({ ...base, maxLines: 100 }), createSiteLog({ ...base, maxLines: 100 })];
  const record = (log: (typeof logs)[number] | undefined, path: string, alias = 'shop') =>
    log?.record(alias, { request_id: 'r', method: 'GET', path, status: 200, ms: 1 });
  for (let at = 0; at < 3000; at += 1) record(logs[0], `/${at}`);
  record(logs[0], '/elsewhere', 'other');
  await logs[0]?.close();
  const first = await logs[1]?.read('shop', { limit: 2 });
  expect(first?.entries.map(({ path }) => path)).toEqual(['/2998', '/2999']);
  record(logs[1], '/later');
  await logs[1]?.close();
  const next = await logs[0]?.read('shop', { limit: 10, after: first?.position ?? '' });
  expect(next?.entries.map(({ path }) => path)).toEqual(['/later']);
  expect(await base.redis.driver.xlen(base.keys.siteLog('shop'))).toBeLessThan(1000);
  expect(await base.redis.driver.pttl(base.keys.siteLog('shop'))).toBeGreaterThan(0);
});
