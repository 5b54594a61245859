import { randomBytes } from 'node:crypto';
import { createTokenVault, readMasterKeys } from '@switchyard/identity';
import { createIds, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { expect } from 'vitest';
import { errorOf, ingressTest } from '../test/ingress-fixture.ts';
import type { IngressBench } from '../test/ingress-fixture.ts';

const ANN = { userId: 'ann', username: 'Ann', roles: [] };

async function openVault({ config, scope }: IngressBench) {
  const keys = createKeys(scope);
  const redis = await connectRedis({
    url: config.redisUrl,
    prefix: keys.prefix,
    name: 'test',
    kind: 'commands',
  });
  const ids = createIds(systemClock, randomBytes);
  const vault = createTokenVault({
    redis,
    keys,
    clock: systemClock,
    ids,
    masterKeys: readMasterKeys(config),
  });
  return { vault, close: () => redis.close() };
}

ingressTest('a user sees his sign-ins, ends one from another, and all but his own', async ({ ingress }) => {
  const { vault, close } = await openVault(ingress);
  const signIn = async () =>
    (await ingress.identity.redeem((await ingress.identity.createRedeemLink(ANN)).code, 'a phone'))
      .maskedCookie;
  const [here, there, third] = [await signIn(), await signIn(), await signIn()];
  const token = (await vault.unmask(here)) ?? '';
  const list = async () =>
    (
      (await (await ingress.call('GET', '/api/auth/sign-ins', { token })).json()) as {
        items: { sign_in_id: string; is_current: boolean; user_agent: string; method: string }[];
      }
    ).items;
  const items = await list();
  expect(items.map((item) => [item.is_current, item.method, item.user_agent])).toEqual([
    [false, 'link', 'a phone'],
    [false, 'link', 'a phone'],
    [true, 'link', 'a phone'],
  ]);
  const path = `/api/auth/sign-ins/${items[1]?.sign_in_id}`;
  const bob = await ingress.tokenFor('bob');
  expect((await ingress.call('DELETE', path, { token: bob })).status).toBe(404);
  expect(await (await ingress.call('DELETE', path, { token })).json()).toEqual({ ended: 1 });
  expect(await vault.unmask(there)).toBeUndefined();
  expect((await ingress.call('DELETE', path, { token })).status).toBe(404);
  expect(await (await ingress.call('DELETE', '/api/auth/sign-ins', { token })).json()).toEqual({ ended: 1 });
  expect(await vault.unmask(third)).toBeUndefined();
  expect(await vault.unmask(here)).toBe(token);
  expect(await errorOf(await ingress.call('GET', '/api/auth/sign-ins'))).toMatchObject({ status: 401 });
  await close();
});

ingressTest('a sign-in that is not fresh ends no other one', async ({ ingress, postgres }) => {
  const { vault, close } = await openVault(ingress);
  const signIn = async () =>
    (await ingress.identity.redeem((await ingress.identity.createRedeemLink(ANN)).code)).maskedCookie;
  const stolen = (await vault.unmask(await signIn())) ?? '';
  await postgres.sql.query({ text: "update sign_in set created_at = now() - interval '1 hour'" });
  const fresh = (await vault.unmask(await signIn())) ?? '';
  const listed = await ingress.call('GET', '/api/auth/sign-ins', { token: stolen });
  const { items } = (await listed.json()) as { items: { sign_in_id: string; is_current: boolean }[] };
  const other = `/api/auth/sign-ins/${items.find((item) => !item.is_current)?.sign_in_id}`;
  for (const path of ['/api/auth/sign-ins', other])
    expect(await errorOf(await ingress.call('DELETE', path, { token: stolen }))).toMatchObject({
      status: 403,
      type: 'auth.prove_again',
    });
  expect(await ingress.identity.signIns.list('ann')).toHaveLength(2);
  const answer = await ingress.call('DELETE', '/api/auth/sign-ins', { token: fresh });
  expect(await answer.json()).toEqual({ ended: 1 });
  await close();
});

ingressTest("an admin ends anybody's, with an entry in the audit log; others do not", async ({ ingress }) => {
  const { vault, close } = await openVault(ingress);
  const { maskedCookie } = await ingress.identity.redeem((await ingress.identity.createRedeemLink(ANN)).code);
  const [admin, bob] = [await ingress.tokenFor('root', 'privileged'), await ingress.tokenFor('bob')];
  const path = '/admin/users/ann/sign-ins';
  for (const method of ['GET', 'DELETE'])
    expect(await errorOf(await ingress.call(method, path, { token: bob }))).toMatchObject({ status: 403 });
  expect(await (await ingress.call('GET', path, { token: admin })).json()).toMatchObject({
    items: [{ method: 'link', is_current: false }],
  });
  expect(await (await ingress.call('DELETE', path, { token: admin })).json()).toEqual({ ended: 1 });
  expect(await vault.unmask(maskedCookie)).toBeUndefined();
  const audit = await ingress.call('GET', '/admin/audit', { token: admin });
  expect(JSON.stringify(await audit.json())).toContain('sign_in.end_all');
  await close();
});

ingressTest('ending a sign-in ends the open streams of the session', async ({ ingress }) => {
  // The log belongs to a Redis from when a worker has said so.
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  await ingress.identity.redeem((await ingress.identity.createRedeemLink(ANN)).code);
  const stream = await ingress.call('GET', '/sse/stream?follow=session', { token });
  const ended = stream.text();
  expect(await (await ingress.call('DELETE', '/api/auth/sign-ins', { token })).json()).toEqual({ ended: 1 });
  expect(await ended).toContain('auth.signed_out');
});

ingressTest(
  'an admin has tokens signed with a new key; those that are out stay good',
  async ({ ingress }) => {
    const [admin, ann] = [await ingress.tokenFor('root', 'privileged'), await ingress.tokenFor('ann')];
    const kidsOf = async () => {
      const answer = await ingress.call('GET', '/.well-known/jwks.json');
      return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
    };
    const [former] = await kidsOf();
    const path = '/admin/signing-keys/rotate';
    expect(await errorOf(await ingress.call('POST', path, { token: ann }))).toMatchObject({ status: 403 });
    const { kid } = (await (await ingress.call('POST', path, { token: admin })).json()) as { kid: string };
    expect(kid).not.toBe(former);
    expect(await kidsOf()).toEqual([kid, former]);
    expect((await ingress.call('GET', '/api/auth/sign-ins', { token: ann })).status).toBe(200);
    const audit = await (await ingress.call('GET', '/admin/audit', { token: admin })).text();
    expect(audit).toContain('signing_key.rotate');
    expect(audit).toContain(kid);
  },
);

ingressTest(
  'who is switched off is out at once, everywhere, and comes in by no link',
  async ({ ingress }) => {
    await ingress.work();
    const { vault, close } = await openVault(ingress);
    const [admin, bob] = [await ingress.tokenFor('root', 'privileged'), await ingress.tokenFor('bob')];
    const link = () => ingress.identity.createRedeemLink(ANN);
    const { maskedCookie } = await ingress.identity.redeem((await link()).code);
    const token = (await vault.unmask(maskedCookie)) ?? '';
    const ended = (await ingress.call('GET', '/sse/stream?follow=session', { token })).text();
    const put = (disabled: unknown, user = 'ann', as = admin) =>
      ingress.call('PUT', `/admin/users/${user}/disabled`, { token: as, json: { disabled } });
    expect((await put(true, 'ann', bob)).status).toBe(403);
    expect((await put('yes')).status).toBe(400);
    expect((await put(true, 'nobody')).status).toBe(404);
    expect((await put(true, 'root')).status).toBe(409);
    const { code } = await link();
    expect(await (await put(true)).json()).toEqual({ user_id: 'ann', disabled: true, ended: 1 });
    expect(await ended).toContain('auth.signed_out');
    expect(await vault.unmask(maskedCookie)).toBeUndefined();
    await expect(ingress.identity.redeem(code)).rejects.toMatchObject({ errorType: 'auth.link_refused' });
    expect(await (await put(false)).json()).toEqual({ user_id: 'ann', disabled: false, ended: 0 });
    expect((await ingress.identity.redeem((await link()).code)).userId).toBe('ann');
    const audit = await (await ingress.call('GET', '/admin/audit', { token: admin })).text();
    expect(audit).toContain('user.set_disabled');
    await close();
  },
);
