import { createKeys } from '@switchyard/redis';
import { addressOf, platformTest, readRouteRows, rowsOfTenant } from '@switchyard/testkit';
import type { RouteRow } from '@switchyard/testkit';
import { expect } from 'vitest';
import { openIngress } from '../test/ingress-fixture.ts';
import type { IngressBench } from '../test/ingress-fixture.ts';

const WORDS = 'words that are only hers';
/** Parts of a path that name a place and nothing of anybody's. */
const PLACES = new Set(['tenant', 'project', 'user_type', 'worker_id']);

/** A conversation with a file, feedback and a sign-in, and the ids of all of it. */
async function fill(ingress: IngressBench, token: string): Promise<Record<string, string>> {
  await ingress.work();
  const form = new FormData();
  form.set('message', `echo ${WORDS}`);
  form.set('files', new File([WORDS], 'hers.txt', { type: 'text/plain' }));
  const sent = await ingress.call('POST', '/api/chat/messages', { token, body: form });
  const ack = (await sent.json()) as { conversation_id: string; turn_id: string; task_id: string };
  const path = `${ingress.conversations}/${ack.conversation_id}/fetch`;
  const fetched = async () =>
    (await ingress.call('POST', path, { token, json: { materialize: true } })).text();
  await expect.poll(fetched).toContain('chat:assistant');
  await ingress.identity.redeem(
    (await ingress.identity.createRedeemLink({ userId: 'ann', username: 'Ann', roles: [] })).code,
  );
  const [signIn] = await ingress.identity.signIns.list('ann');
  const rn = /"rn":"([^"]*attachment[^"]*)"/.exec(await fetched())?.[1] ?? '';
  return {
    cid: ack.conversation_id,
    turn: ack.turn_id,
    turn_id: ack.turn_id,
    task_id: ack.task_id,
    owner: 'ann',
    user_id: 'ann',
    sign_in_id: signIn?.sign_in_id ?? '',
    file: rn.split(/[/:]/).at(-1) ?? '',
    rn,
  };
}

const bodyFor = (row: RouteRow, rn: string): unknown => {
  if (row.path.endsWith('/by-rn')) return { rn };
  return row.method === 'PATCH' ? { title: 'his now' } : row.body;
};

platformTest(
  'by no id of hers does another user, or the same user of another tenant, see or change anything',
  { timeout: 120_000 },
  async ({ redis, postgres }) => {
    // Two tenants in one database and one Redis, which no deployment has: what keeps them apart is the code alone.
    const { url } = await redis.privateServer();
    const scopeOf = (tenant: string) => {
      const at = { tenant, project: redis.project };
      return { redis: { ...redis, ...at, url, prefix: createKeys(at).prefix }, postgres };
    };
    const env = { RATE_ADDRESS: '1000000/1m', RATE_REGISTERED: '1000000/1m', RATE_PRIVILEGED: '1000000/1m' };
    const hers = await openIngress({ ...scopeOf('hers'), env });
    const other = await openIngress({ ...scopeOf('other'), env });
    const ann = await hers.tokenFor('ann');
    const { rn = '', ...ids } = await fill(hers, ann);
    for (const [name, id] of Object.entries({ ...ids, rn })) expect([name, id]).not.toEqual([name, '']);
    const before = await rowsOfTenant(postgres.sql, 'hers');
    expect(before.join('\n')).toContain(WORDS);

    const rows = (await readRouteRows(hers.url)).filter(
      ({ parameters, path }) => path.endsWith('/by-rn') || parameters.some((name) => !PLACES.has(name)),
    );
    expect(rows.length).toBeGreaterThan(15);
    const seen: string[] = [];
    const tryAs = async (who: string, at: IngressBench, token: string, isAdmin = false): Promise<void> => {
      for (const row of rows) {
        const isForAdmins = row.guard === 'admin';
        if (isForAdmins && !isAdmin) continue;
        const path = addressOf(row, { ...ids, ...at.scope, user_type: 'paid', worker_id: 'nobody.1' });
        const json = bodyFor(row, rn);
        const answer = await at.call(row.method, path, json === undefined ? { token } : { token, json });
        const text = await answer.text();
        const isRefused = answer.status === 404 || answer.status === 403;
        // An administrator is told of his own tenant, where there is nothing.
        const isOfOwn = isForAdmins && answer.status < 500;
        const isTold = [WORDS, ids['sign_in_id'] ?? '', ids['cid'] ?? ''].some((each) => text.includes(each));
        if (!(isRefused || isOfOwn) || isTold)
          seen.push(`${who}: ${row.method} ${row.path}: ${answer.status} ${text.slice(0, 200)}`);
      }
    };
    await tryAs('another user', hers, await hers.tokenFor('bob'));
    await tryAs('the same user elsewhere', other, await other.tokenFor('ann'));
    await tryAs('an administrator elsewhere', other, await other.tokenFor('root', 'privileged'), true);
    expect(seen).toEqual([]);
    expect(await rowsOfTenant(postgres.sql, 'hers')).toEqual(before);
    // The ids were good ones: she herself is shown what is hers.
    const own = await hers.call('GET', `${hers.conversations}/${ids['cid']}/details`, { token: ann });
    expect([own.status, await own.text()]).toEqual([200, expect.stringContaining(WORDS)]);
    await other.stop();
    await hers.stop();
  },
);
