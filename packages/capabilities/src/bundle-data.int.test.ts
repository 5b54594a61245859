import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createBlobStore, createBundleFiles, createBundleValues, createFiles } from '@switchyard/store';
import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import type { CapabilityCaller } from './capability.ts';
import { createCapabilities } from './create-capabilities.ts';
import { createKvCapability } from './kv-capability.ts';
import { createStorageCapability } from './storage-capability.ts';

const scope = { tenant: 't', project: 'p' };

type Call = (
  target: string,
  method: string,
  args: unknown[],
  who?: Partial<CapabilityCaller>,
) => Promise<unknown>;

const test = postgresTest.extend<{ call: Call; blobDir: string }>({
  blobDir: async ({ task: _task }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-blobs-'));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
  call: async ({ postgres: { sql }, blobDir }, use) => {
    const capabilities = createCapabilities([
      createKvCapability({ values: createBundleValues(sql, scope), maxEntries: 100 }),
      createStorageCapability({
        files: createBundleFiles(sql, scope),
        blobs: createBlobStore({ dir: blobDir }),
        maxBytes: 1000,
      }),
    ]);
    const ada = { userId: 'ada', userType: 'registered' as const };
    await use((target, method, args, who) => {
      const { signal } = new AbortController();
      const caller = { bundleId: 'board', versionId: 'v', user: ada, signal, ...who };
      return capabilities.call(caller, ['kv', 'storage'], { target, method, args });
    });
  },
});
const bo = { user: { userId: 'bo', userType: 'registered' as const } };

test('a value is kept with its version, apart for each bundle and user', async ({ call }) => {
  const user = { scope: 'user' };
  expect(await call('kv', 'get', ['a'])).toBeNull();
  expect(await call('kv', 'set', ['a', { n: 1 }])).toEqual({ key: 'a', value: { n: 1 }, version: 1 });
  expect(await call('kv', 'set', ['a', null])).toMatchObject({ value: null, version: 2 });
  expect(await call('kv', 'get', ['a'])).toMatchObject({ value: null, version: 2 });
  expect(await call('kv', 'get', ['a', user])).toBeNull();
  await call('kv', 'set', ['a', 'mine', user]);
  expect(await call('kv', 'get', ['a', user], bo)).toBeNull();
  expect(await call('kv', 'get', ['a'], { bundleId: 'other' })).toBeNull();
  expect(await call('kv', 'delete', ['a', user])).toBe(true);
  expect(await call('kv', 'delete', ['a', user])).toBe(false);
  await expect(call('kv', 'get', ['a', user], { user: undefined })).rejects.toMatchObject({
    code: 'CAPABILITY_DENIED',
  });
});

test('of many who change one version, one does', async ({ call }) => {
  await call('kv', 'set', ['card', 'v1']);
  const over = (ifVersion: number) =>
    Array.from({ length: 20 }, (_, at) => call('kv', 'set', ['card', `w${at}`, { ifVersion }]));
  const won = (await Promise.all(over(1))).filter((entry) => entry !== null);
  expect(won).toHaveLength(1);
  expect(await call('kv', 'get', ['card'])).toEqual(won[0]);
  const made = await Promise.all(
    Array.from({ length: 20 }, (_, at) => call('kv', 'set', ['new', at, { ifVersion: 0 }])),
  );
  expect(made.filter((entry) => entry !== null)).toHaveLength(1);
  expect(await call('kv', 'set', ['none', 1, { ifVersion: 3 }])).toBeNull();
});

test('counting loses nothing, and only numbers are counted', async ({ call }) => {
  await Promise.all(Array.from({ length: 50 }, () => call('kv', 'increment', ['n', 2])));
  expect(await call('kv', 'increment', ['n', -1])).toBe(99);
  expect(await call('kv', 'get', ['n'])).toMatchObject({ value: 99, version: 51 });
  await call('kv', 'set', ['text', 'x']);
  await expect(call('kv', 'increment', ['text', 1])).rejects.toMatchObject({ code: 'CONFLICT' });
  await call('kv', 'set', ['huge', Number.MAX_SAFE_INTEGER]);
  await expect(call('kv', 'increment', ['huge', 1])).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('what has expired is as not there', async ({ call, postgres }) => {
  await call('kv', 'set', ['short', 1, { ttlSec: 60 }]);
  await call('kv', 'set', ['count', 5, { ttlSec: 60 }]);
  await postgres.sql.query({ text: `update bundle_value set expires_at = now() - interval '1 s'` });
  expect(await call('kv', 'get', ['short'])).toBeNull();
  expect(await call('kv', 'list', [''])).toEqual({ items: [] });
  expect(await call('kv', 'set', ['short', 2, { ifVersion: 1 }])).toBeNull();
  expect(await call('kv', 'set', ['short', 2, { ifVersion: 0 }])).toMatchObject({ version: 1 });
  expect(await call('kv', 'increment', ['count', 1])).toBe(1);
  expect(await call('kv', 'delete', ['short'])).toBe(true);
});

test('lists go in pages, in the order of bytes, and take a prefix as it is', async ({ call }) => {
  for (const key of ['c%2', 'c_1', 'c%1', 'B', 'ä', 'a']) await call('kv', 'set', [key, key]);
  const keys = async (...args: unknown[]) =>
    ((await call('kv', 'list', args)) as { items: { key: string }[] }).items.map(({ key }) => key);
  expect(await keys('')).toEqual(['B', 'a', 'c%1', 'c%2', 'c_1', 'ä']);
  expect(await keys('c%')).toEqual(['c%1', 'c%2']);
  const first = (await call('kv', 'list', ['', { limit: 4 }])) as { next_cursor: string };
  expect(await keys('', { limit: 4, cursor: first.next_cursor })).toEqual(['c_1', 'ä']);
});

test('a bundle cannot keep more than it may', async ({ call }) => {
  const set = (at: number) => call('kv', 'set', [`k${at}`, at]);
  for (let at = 0; at < 100; at += 1) await set(at);
  await expect(set(100)).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  expect(await call('kv', 'set', ['k0', 0], { bundleId: 'other' })).not.toBeNull();
});

test('a file is written, read, listed and removed', async ({ call }) => {
  const bytes = new TextEncoder().encode('hello');
  const written = await call('storage', 'write', ['notes/a.txt', bytes, { mime: 'text/plain' }]);
  expect(written).toMatchObject({ path: 'notes/a.txt', size: 5, mime: 'text/plain' });
  expect(await call('storage', 'read', ['notes/a.txt'])).toEqual(bytes);
  expect(await call('storage', 'stat', ['notes/a.txt'])).toEqual(written);
  expect(await call('storage', 'read', ['notes/a.txt', { scope: 'user' }])).toBeNull();
  expect(await call('storage', 'read', ['notes/a.txt'], { bundleId: 'other' })).toBeNull();
  expect(await call('storage', 'list', ['notes/'])).toEqual({ items: [written] });
  expect(await call('storage', 'delete', ['notes/a.txt'])).toBe(true);
  expect(await call('storage', 'read', ['notes/a.txt'])).toBeNull();
  for (const bad of ['../x', '/x', 'a//b', 'a/./b', 'a\\b', 'a\0b'])
    await expect(call('storage', 'write', [bad, bytes])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
});

test('files have a bound, and the sweep of unused bytes leaves them', async ({ call, postgres }) => {
  await call('storage', 'write', ['a', new Uint8Array(600)]);
  await expect(call('storage', 'write', ['b', new Uint8Array(600)])).rejects.toMatchObject({
    code: 'UNPROCESSABLE',
  });
  await postgres.sql.query({ text: `update blob set touched_at = now() - interval '1 day'` });
  const files = createFiles(postgres.sql, scope);
  expect(await files.dropUnusedBlobs(60)).toEqual([]);
  await call('storage', 'delete', ['a']);
  expect(await files.dropUnusedBlobs(60)).toHaveLength(1);
});
