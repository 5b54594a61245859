import type { BundleManifest } from '@switchyard/protocol';
import { postgresTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { SCOPE } from '../test/add-turn.ts';
import { createBundles } from './bundles.ts';
import { createFiles } from './files.ts';
import { createSettings } from './settings.ts';
import { createSignIns } from './sign-ins.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createUsers } from './users.ts';

const MANIFEST: BundleManifest = {
  v: 1,
  id: 'hello',
  name: 'Hello',
  starters: [],
  hasTurns: true,
  operations: {},
  schedules: {},
  jobs: {},
  channels: {},
  widgets: {},
  hasWeb: false,
  httpHosts: [],
  secrets: [],
  capabilities: [],
  limits: {},
};

describe('bundles', () => {
  postgresTest(
    'only a ready version of the same bundle takes over; a failed one leaves the old serving',
    async ({ postgres: { sql } }) => {
      const bundles = createBundles(sql, SCOPE);
      const add = (bundleId: string, sha: string) =>
        bundles.add({
          bundleId,
          versionId: `${bundleId}__main__${sha}`,
          ref: 'main',
          sha,
          entry: 'index.ts',
          source: { kind: 'folder' },
        });
      await add('hello', '1');
      await add('hello', '1');
      expect(await bundles.find('hello')).toMatchObject({
        active_version: null,
        version: null,
        is_default: false,
      });
      expect(await bundles.activate('hello', 'hello__main__1')).toBe(false);
      expect(await bundles.markReady('hello__main__1', MANIFEST)).toMatchObject({
        status: 'ready',
        manifest: MANIFEST,
      });
      expect(await bundles.activate('hello', 'hello__main__1')).toBe(true);
      await add('hello', '2');
      await bundles.markFailed('hello__main__2', 'it throws');
      expect(await bundles.activate('hello', 'hello__main__2')).toBe(false);
      await add('other', '1');
      await bundles.markReady('other__main__1', MANIFEST);
      expect(await bundles.activate('hello', 'other__main__1')).toBe(false);
      expect(await bundles.find('hello')).toMatchObject({
        active_version: 'hello__main__1',
        version: { entry: 'index.ts', manifest: MANIFEST },
      });
      expect((await bundles.listVersions('hello', 10)).map((row) => row.status).toSorted()).toEqual([
        'failed',
        'ready',
      ]);
      expect((await bundles.list()).map((row) => row.bundle_id)).toEqual(['hello', 'other']);
    },
  );

  postgresTest('there is one default at most, whoever sets it when', async ({ postgres: { sql } }) => {
    const bundles = createBundles(sql, SCOPE);
    const ids = ['a', 'b', 'c', 'd'];
    for (const bundleId of ids) {
      await bundles.add({
        bundleId,
        versionId: `${bundleId}__x__1`,
        ref: 'x',
        sha: '1',
        entry: 'index.ts',
        source: {},
      });
    }
    expect(await bundles.setDefault('nowhere')).toBe(false);
    expect(await bundles.findDefault()).toBeUndefined();
    expect(await Promise.all(ids.map((id) => bundles.setDefault(id)))).toEqual([true, true, true, true]);
    expect((await bundles.list()).filter((row) => row.is_default)).toHaveLength(1);
  });
});

describe('users and sign-ins', () => {
  postgresTest(
    'put changes type and roles and keeps what it was not given; add changes nothing',
    async ({ postgres: { sql } }) => {
      const users = createUsers(sql, SCOPE);
      await users.put({ userId: 'ann', username: 'Ann', email: 'a@b.c', userType: 'registered', roles: [] });
      expect(await users.put({ userId: 'ann', userType: 'paid', roles: ['r'] })).toMatchObject({
        username: 'Ann',
        user_type: 'paid',
        roles: ['r'],
      });
      expect(await users.add({ userId: 'ann', userType: 'privileged', roles: [] })).toBeUndefined();
      expect(await users.find('ann')).toMatchObject({ user_type: 'paid', disabled_at: null });
      expect(await users.setDisabled('ann', true)).toMatchObject({ disabled_at: expect.any(Date) as Date });
      expect(await users.setDisabled('ann', false)).toMatchObject({ disabled_at: null });
      expect(await users.list('', 10)).toHaveLength(1);
    },
  );

  postgresTest(
    'sign-ins are listed while they live and ended once, by their user',
    async ({ postgres: { sql } }) => {
      const signIns = createSignIns(sql, SCOPE);
      await createUsers(sql, SCOPE).put({ userId: 'ann', userType: 'registered', roles: [] });
      const expiresAt = new Date(Date.now() + 60_000);
      const input = { userId: 'ann', method: 'link', expiresAt };
      await signIns.add({ ...input, signInId: 's1', maskedHash: 'h1', userAgent: 'x'.repeat(900) });
      await signIns.add({ ...input, signInId: 's2', maskedHash: 'h2' });
      await signIns.add({ ...input, signInId: 's3', expiresAt: new Date(Date.now() - 1000) });
      expect((await signIns.listLive('ann')).map((row) => row.sign_in_id)).toEqual(['s2', 's1']);
      // Used when its token was last made anew, or else when it began.
      await sql.query({ text: "update sign_in set created_at = now() - interval '1 hour'" });
      expect(await signIns.renew('ann', 's2', 60_000)).toBeUndefined();
      expect(await signIns.renew('ann', 's2', 7_200_000)).toMatchObject({ sign_in_id: 's2' });
      expect((await signIns.listLive('ann', 60_000)).map((row) => row.sign_in_id)).toEqual(['s2']);
      expect(await signIns.renew('ann', 's2', 60_000)).toMatchObject({ sign_in_id: 's2' });
      expect(await signIns.renew('ann', 's1')).toMatchObject({ sign_in_id: 's1' });
      expect(await signIns.end('bob', 's1')).toBeUndefined();
      expect(await signIns.end('ann', 's1')).toMatchObject({ masked_hash: 'h1' });
      expect(await signIns.end('ann', 's1')).toBeUndefined();
      expect(await signIns.endByMasked('h2')).toMatchObject({ sign_in_id: 's2' });
      expect(await signIns.isEnded('s2')).toBe(true);
      expect(await signIns.isEnded('nowhere')).toBeUndefined();
      expect(await signIns.listLive('ann')).toEqual([]);
    },
  );
});

postgresTest('signing keys: newest first, retired ones for a while', async ({ postgres: { sql } }) => {
  const keys = createSigningKeys(sql);
  await keys.add({ kid: 'k1', sealed: Buffer.from([1, 2]), publicJwk: { kty: 'EC' } });
  await keys.add({ kid: 'k2', sealed: Buffer.from([3]), publicJwk: { kty: 'EC' } });
  expect(await keys.retireOthers('k2')).toEqual(['k1']);
  expect((await keys.list(3600)).map((row) => row.kid)).toEqual(['k2', 'k1']);
  expect((await keys.list(0)).map((row) => row.kid)).toEqual(['k2']);
  expect((await keys.list(3600))[1]).toMatchObject({
    sealed: Buffer.from([1, 2]),
    public_jwk: { kty: 'EC' },
  });
});

postgresTest('settings: the slower of two writers is told', async ({ postgres: { sql } }) => {
  const settings = createSettings(sql, SCOPE);
  expect(await settings.get('limits')).toBeUndefined();
  expect(await settings.put('limits', { a: 1 }, 3, 'ann')).toBeUndefined();
  expect(await settings.put('limits', [1], 0, 'ann')).toEqual({ value: [1], version: 1 });
  expect(await settings.put('limits', { a: 2 }, 0, 'bob')).toBeUndefined();
  expect(await settings.put('limits', { a: 2 }, 1, 'bob')).toEqual({ value: { a: 2 }, version: 2 });
  expect(await settings.get('limits')).toEqual({ value: { a: 2 }, version: 2 });
});

postgresTest(
  'files: found by id or hash within their turn; a blob is dropped when no file names it',
  async ({ postgres: { sql } }) => {
    const files = createFiles(sql, SCOPE);
    const [used, unused] = ['a'.repeat(64), 'b'.repeat(64)];
    const owner = { conversationId: 'c1', turnId: 't1', userId: 'ann', direction: 'attachment' as const };
    const file = { filename: 'a.txt', mime: 'text/plain', size: 3, sha256: used };
    await files.touchBlob({ sha256: unused, size: 1 });
    await files.add('f1', owner, file);
    await files.add('f1', owner, file);
    expect(await files.find('c1', 't1', 'f1')).toMatchObject({ filename: 'a.txt', user_id: 'ann', size: 3 });
    expect(await files.find('c1', 't1', used)).toMatchObject({ file_id: 'f1' });
    expect(await files.find('c1', 't2', used)).toBeUndefined();
    expect(await files.dropUnusedBlobs(3600)).toEqual([]);
    await sql.query({ text: `update blob set touched_at = now() - interval '2 hours'` });
    expect(await files.dropUnusedBlobs(3600)).toEqual([unused]);
  },
);
