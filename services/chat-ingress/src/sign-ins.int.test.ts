import { randomBytes } from 'node:crypto';
import { createTokenVault } from '@switchyard/identity';
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
    masterKey: config.switchyardMasterKey,
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
