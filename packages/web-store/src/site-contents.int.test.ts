import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Sql } from '@switchyard/store';
import { postgresTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { createSiteContents } from './site-contents.ts';
import type { SiteContents } from './site-contents.ts';
import { createSiteRows } from './site-rows.ts';

const SCOPE = { tenant: 'demo', project: 'main' };
const TEXT = Buffer.from('body { color: red }\n'.repeat(500));
const LARGE = { maxBytes: 100 * 1024 * 1024, isCompressible: false };

const test = postgresTest.extend<{ lab: Awaited<ReturnType<typeof openLab>> }>({
  lab: async ({ postgres }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-contents-'));
    await use(openLab(postgres.sql, dir));
    await rm(dir, { recursive: true, force: true });
  },
});

function openLab(sql: Sql, dir: string) {
  const rows = createSiteRows(sql, SCOPE);
  return {
    rows,
    dir,
    contents: createSiteContents({ sql, dir }),
    /** Another one over the same bytes, as another worker has. */
    over: (other: Sql) => createSiteContents({ sql: other, dir }),
    /** As if everything had been stored that long ago. */
    async age(seconds: number): Promise<void> {
      await sql.query({
        text: 'update web_blob set touched_at = touched_at - make_interval(secs => $1)',
        values: [seconds],
      });
    },
    async name(deployId: string, sha256: string, size: number): Promise<void> {
      await rows.create('site', null);
      const manifest = { 'a.css': { sha256, size, type: 'text/css', modified: 0 } };
      await rows.addDeploy('site', { deployId, manifest, createdBy: 'test' });
    },
    rowsLeft: () => sql.query<{ sha256: string }>({ text: 'select sha256 from web_blob' }),
    filesLeft: async (): Promise<number> =>
      (await readdir(dir, { recursive: true, withFileTypes: true })).filter((one) => one.isFile()).length,
  };
}

/** Files count as old as they are, so what is collected must be from before the collection began: a second is the least of it. */
const NOW = { graceSec: 0, limit: 100 };
const untilCollected = (contents: Pick<SiteContents, 'collect'>, count: number): Promise<void> =>
  expect
    .poll(() => contents.collect(NOW), { timeout: 20_000, interval: 100 })
    .toBe(count)
    .then(() => undefined);

const readAll = async (
  contents: SiteContents,
  ...at: Parameters<SiteContents['open']>
): Promise<Buffer | undefined> => {
  const blob = await contents.open(...at);
  return blob === undefined ? undefined : buffer(blob.stream);
};

describe('what is stored', () => {
  test('text has both compressed forms, made once; what is small, large or compressed already has none', async ({
    lab: { contents, filesLeft },
  }) => {
    const options = { maxBytes: 1_000_000, isCompressible: true };
    const stored = await contents.put(TEXT, options);
    const { br, gzip } = stored.variants;
    expect(brotliDecompressSync((await readAll(contents, 'br', br?.sha256 ?? '')) ?? '')).toEqual(TEXT);
    expect(gunzipSync((await readAll(contents, 'gzip', gzip?.sha256 ?? '')) ?? '')).toEqual(TEXT);
    expect(await filesLeft()).toBe(3);
    expect(await contents.put(TEXT, options)).toEqual(stored);
    expect(await filesLeft()).toBe(3);
    expect((await contents.put(Buffer.from('short'), options)).variants).toEqual({});
    expect((await contents.put(randomBytes(10_000), options)).variants).toEqual({});
    expect((await contents.put(TEXT.subarray(1), { ...options, isCompressible: false })).variants).toEqual(
      {},
    );
  });

  test('a content that came as no text gets its forms when it comes as text', async ({
    lab: { contents },
  }) => {
    expect((await contents.put(TEXT, LARGE)).variants).toEqual({});
    const { variants } = await contents.put(TEXT, { ...LARGE, isCompressible: true });
    expect(Object.keys(variants)).toEqual(['br', 'gzip']);
  });

  test('a large one comes and goes in chunks, also a part of it; one over the limit leaves nothing', async ({
    lab: { contents, filesLeft, rowsLeft },
  }) => {
    const chunk = randomBytes(256 * 1024);
    const hash = createHash('sha256');
    const chunks = Array.from({ length: 32 }, (_, at) => {
      const one = Buffer.from(chunk);
      one.writeUInt32BE(at);
      hash.update(one);
      return one;
    });
    const source = async function* () {
      yield* chunks;
    };
    const { sha256, size } = await contents.put(source(), LARGE);
    expect([sha256, size]).toEqual([hash.digest('hex'), 32 * chunk.length]);
    const blob = await contents.open('identity', sha256);
    const read = createHash('sha256');
    let largest = 0;
    for await (const part of blob?.stream ?? []) {
      read.update(part as Buffer);
      largest = Math.max(largest, (part as Buffer).length);
    }
    expect(read.digest('hex')).toBe(sha256);
    expect(largest).toBeLessThanOrEqual(64 * 1024);
    const range = { start: chunk.length, end: chunk.length + 3 };
    expect((await readAll(contents, 'identity', sha256, range))?.readUInt32BE()).toBe(1);
    await expect(contents.put(source(), { ...LARGE, maxBytes: 1000 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    expect([await filesLeft(), (await rowsLeft()).length]).toEqual([1, 1]);
  });
});

describe('the collection', () => {
  test('takes what no deploy names with all its forms, and leaves what one names', async ({ lab }) => {
    const { contents, name, rowsLeft, filesLeft } = lab;
    const kept = await contents.put(TEXT, { ...LARGE, isCompressible: true });
    await name('d1', kept.sha256, kept.size);
    await contents.put(Buffer.from(`${TEXT.toString()}other`), { ...LARGE, isCompressible: true });
    expect(await filesLeft()).toBe(6);
    await untilCollected(contents, 1);
    expect(await rowsLeft()).toEqual([{ sha256: kept.sha256 }]);
    expect(await filesLeft()).toBe(3);
    expect(await readAll(contents, 'identity', kept.sha256)).toEqual(TEXT);
    await lab.rows.remove('site');
    await untilCollected(contents, 1);
    expect(await filesLeft()).toBe(0);
  });

  test('leaves what was stored within its grace, though no deploy names it yet', async ({ lab }) => {
    const { contents, age } = lab;
    await contents.put(TEXT, LARGE);
    await age(3590);
    expect(await contents.collect({ graceSec: 3600, limit: 100 })).toBe(0);
    // Put again by a deploy that is under way: its time begins anew.
    await age(100);
    await contents.put(TEXT, LARGE);
    expect(await contents.collect({ graceSec: 3600, limit: 100 })).toBe(0);
  });

  test('one that dies before its end has removed bytes, not rows; who stores them again has all of them', async ({
    postgres,
    lab,
  }) => {
    const stored = await lab.contents.put(TEXT, { ...LARGE, isCompressible: true });
    const dying = lab.over({
      ...postgres.sql,
      // What a process that is killed leaves in Postgres: nothing of its transaction.
      tx: (run) =>
        postgres.sql.tx(async (tx) => {
          await run(tx);
          throw new Error('killed before the commit');
        }),
    });
    await expect
      .poll(
        async () => {
          await expect(dying.collect(NOW)).rejects.toThrow('killed');
          return lab.filesLeft();
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(0);
    expect(await lab.rowsLeft()).toEqual([{ sha256: stored.sha256 }]);
    const again = await lab.contents.put(TEXT, { ...LARGE, isCompressible: true });
    expect(again).toEqual(stored);
    for (const coding of ['br', 'gzip'] as const)
      expect(
        await readAll(lab.contents, coding, stored.variants[coding]?.sha256 ?? ''),
        coding,
      ).toBeDefined();
    expect(await readAll(lab.contents, 'identity', stored.sha256)).toEqual(TEXT);
  });

  test('one that died is finished by the next one', async ({ postgres, lab }) => {
    await lab.contents.put(TEXT, { ...LARGE, isCompressible: true });
    const dying = lab.over({
      ...postgres.sql,
      tx: (run) =>
        postgres.sql.tx(async (tx) => {
          await run(tx);
          throw new Error('killed');
        }),
    });
    await expect(dying.collect(NOW)).rejects.toThrow('killed');
    await untilCollected(lab.contents, 1);
    expect([await lab.filesLeft(), await lab.rowsLeft()]).toEqual([0, []]);
  });

  test('what an upload left that died goes after the grace, one that is under way stays', async ({ lab }) => {
    const left = [path.join(lab.dir, 'plain/incoming/put-dead'), path.join(lab.dir, 'br/incoming/put-dead')];
    for (const folder of left) {
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'blob'), 'half of');
    }
    expect(await lab.contents.removeAbandoned(3600)).toBe(0);
    const longAgo = new Date(Date.now() - 3_700_000);
    for (const folder of left) await utimes(folder, longAgo, longAgo);
    expect(await lab.contents.removeAbandoned(3600)).toBe(2);
    expect(await lab.filesLeft()).toBe(0);
  });

  test('beside uploads of the same contents: what a put has promised is there', async ({
    lab: { contents },
  }) => {
    let promised = 0;
    for (let round = 0; round < 15; round += 1) {
      const texts = [0, 1, 2].map((at) => Buffer.from(`${TEXT.toString()}${at}`));
      const [puts] = await Promise.all([
        Promise.allSettled(texts.map((text) => contents.put(text, { ...LARGE, isCompressible: true }))),
        contents.collect(NOW),
        contents.collect(NOW),
      ]);
      for (const put of puts) {
        // Told to try again is an answer; bytes that are missing are none.
        if (put.status === 'rejected') expect(put.reason).toMatchObject({ code: 'UNAVAILABLE' });
        else promised += 1;
      }
    }
    expect(promised).toBeGreaterThan(0);
  });
});
