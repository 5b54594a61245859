import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createBlobStore } from './blob-store.ts';
import type { OpenBlob } from './blob-store.ts';

async function setUp() {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-blobs-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return { dir, blobs: createBlobStore({ dir }), incoming: () => readdir(join(dir, 'incoming')) };
}
const read = (opened: OpenBlob | undefined) => (opened === undefined ? undefined : buffer(opened.stream));
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function* inChunks(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('a stream is stored under its hash and read back, whole and in part', async () => {
  const { blobs, incoming } = await setUp();
  const bytes = randomBytes(200_000);
  const stored = await blobs.put(inChunks(bytes, 7001));
  expect(stored).toEqual({ sha256: sha(bytes), size: 200_000 });
  expect(await read(await blobs.open(stored.sha256))).toEqual(bytes);
  expect(await read(await blobs.open(stored.sha256, { start: 10, end: 19 }))).toEqual(bytes.subarray(10, 20));
  const tail = await blobs.open(stored.sha256, { start: 199_990, end: 999_999 });
  expect(tail).toMatchObject({ size: 200_000, start: 199_990, end: 199_999 });
  expect(await read(tail)).toEqual(bytes.subarray(199_990));
  await expect(blobs.open(stored.sha256, { start: 200_000 })).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
  expect(await incoming()).toEqual([]);
});

test('the same content many times at once is one file', async () => {
  const { blobs } = await setUp();
  const bytes = Buffer.from('same');
  const stored = await Promise.all(Array.from({ length: 10 }, () => blobs.put(bytes)));
  expect(new Set(stored.map((blob) => blob.sha256)).size).toBe(1);
  expect(await read(await blobs.open(sha(bytes)))).toEqual(bytes);
});

test('an empty blob is a blob', async () => {
  const { blobs } = await setUp();
  const { sha256, size } = await blobs.put(new Uint8Array());
  expect(size).toBe(0);
  expect(await read(await blobs.open(sha256))).toEqual(Buffer.alloc(0));
});

test('too large, or a source that breaks: an error, and nothing is left', async () => {
  const { blobs, incoming } = await setUp();
  await expect(blobs.put(inChunks(randomBytes(1000), 100), { maxBytes: 999 })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('client went away');
  };
  await expect(blobs.put(broken())).rejects.toThrow('client went away');
  expect(await incoming()).toEqual([]);
});

test('what is not a hash is not there, whatever path it spells', async () => {
  const { blobs } = await setUp();
  for (const name of ['', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(63)}/`, 'a'.repeat(64)]) {
    expect(await blobs.open(name)).toBeUndefined();
    expect(await blobs.has(name)).toBe(false);
  }
});

test('remove spares what was put again since; abandoned uploads are swept', async () => {
  const { dir, blobs, incoming } = await setUp();
  const { sha256 } = await blobs.put(Buffer.from('x'));
  expect(await blobs.remove(sha256, new Date(Date.now() - 60_000))).toBe(false);
  const old = new Date(Date.now() - 120_000);
  await utimes(join(dir, sha256.slice(0, 2), sha256.slice(2, 4), sha256), old, old);
  await blobs.put(Buffer.from('x'));
  expect(await blobs.remove(sha256, new Date(Date.now() - 60_000))).toBe(false);
  expect(await blobs.remove(sha256, new Date(Date.now() + 1000))).toBe(true);
  expect(await blobs.has(sha256)).toBe(false);
  const left = await mkdtemp(join(dir, 'incoming', 'put-'));
  await utimes(left, old, old);
  expect(await blobs.removeAbandoned(new Date(Date.now() - 60_000))).toBe(1);
  expect(await incoming()).toEqual([]);
});
