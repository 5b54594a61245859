import { pipeline } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import { PlatformError } from '@switchyard/kernel';
import { createBlobStore, json } from '@switchyard/store';
import type { BlobStore, ByteRange, OpenBlob, Sql } from '@switchyard/store';
import { CODINGS } from './manifest.ts';
import type { Coding, Variants } from './manifest.ts';

export interface StoredContent {
  readonly sha256: string;
  readonly size: number;
  readonly variants: Variants;
}

const TOUCH = {
  name: 'webBlob.touch',
  text: `update web_blob set touched_at = now() where sha256 = $1 returning variants`,
};
const PUT = {
  name: 'webBlob.put',
  text: `insert into web_blob (sha256, size, variants) values ($1, $2, $3::jsonb)
    on conflict (sha256) do update set touched_at = now(), variants = coalesce(excluded.variants, web_blob.variants)
    returning variants`,
};
const DROP_UNUSED = {
  name: 'webBlob.dropUnused',
  text: `delete from web_blob where sha256 in (
      select b.sha256 from web_blob b where b.touched_at < now() - make_interval(secs => $1)
        and not exists (select 1 from web_deploy d where d.blobs @> array[b.sha256])
      order by b.touched_at limit $2 for update skip locked)
    returning sha256, variants`,
};

/** Under this a compressed form saves less than its headers cost; over it one takes longer than a publish should. */
const MIN_COMPRESSED_BYTES = 256;
const MAX_COMPRESSED_BYTES = 32 * 1024 * 1024;
/** The best that is still quick: quality 11 takes a second for a megabyte, 9 a tenth of it for 3 % more bytes. */
const BROTLI_QUALITY = 9;
const GZIP_LEVEL = 9;
const WORTH_IT = 0.95;

export type SiteContents = ReturnType<typeof createSiteContents>;

/**
 * Contents of sites: bytes by their hash in folders of their own (`dir`), rows that say which are there. Compressed forms lie in
 * folders of their own too: removing one can never remove a file that somebody published.
 */
export function createSiteContents({ sql, dir }: { sql: Sql; dir: string }) {
  const plain = createBlobStore({ dir: `${dir}/plain` });
  const compressed = {
    br: createBlobStore({ dir: `${dir}/br` }),
    gzip: createBlobStore({ dir: `${dir}/gzip` }),
  };

  async function compress(sha256: string, size: number): Promise<Variants> {
    if (size < MIN_COMPRESSED_BYTES || size > MAX_COMPRESSED_BYTES) return {};
    const made: Variants = {};
    for (const coding of CODINGS) {
      const blob = await plain.open(sha256);
      if (blob === undefined) throw gone();
      // Whoever ends early ends the other; what went wrong is thrown by the reading.
      const stream = pipeline(blob.stream, createCompressor(coding, size), () => undefined);
      const stored = await compressed[coding].put(stream);
      if (stored.size < size * WORTH_IT) made[coding] = stored;
    }
    return made;
  }

  return {
    /**
     * Keeps bytes for a deploy that is made within the hour. Rejects TOO_LARGE past `maxBytes`.
     *
     * @param options.isCompressible whether compressed forms are made, once for each content
     */
    async put(
      source: AsyncIterable<Uint8Array> | Uint8Array,
      options: { maxBytes: number; isCompressible: boolean },
    ): Promise<StoredContent> {
      const { sha256, size } = await plain.put(source, { maxBytes: options.maxBytes });
      const [known] = await sql.query<{ variants: Variants | null }>({ ...TOUCH, values: [sha256] });
      const forms = known?.variants ?? undefined;
      const wantsForms = options.isCompressible || forms !== undefined;
      const isMade =
        known !== undefined && (forms === undefined ? !wantsForms : await haveBytes(compressed, forms));
      const variants = isMade ? (forms ?? {}) : wantsForms ? await compress(sha256, size) : null;
      if (!isMade)
        await sql.query({ ...PUT, values: [sha256, size, variants === null ? null : json(variants)] });
      // A collection that was removing the old row held it until the bytes were gone: whoever has the row now looks once more.
      if (!(await plain.has(sha256))) throw gone();
      return { sha256, size, variants: variants ?? {} };
    },
    /** Undefined: not there. */
    open(coding: Coding | 'identity', sha256: string, range?: ByteRange): Promise<OpenBlob | undefined> {
      return (coding === 'identity' ? plain : compressed[coding]).open(sha256, range);
    },
    /** Removes what uploads left behind that died; how much. One that takes longer than `olderThanSec` counts as dead. */
    async removeAbandoned(olderThanSec: number): Promise<number> {
      const before = new Date(Date.parse(await nowOf(sql)) - olderThanSec * 1000);
      let removed = 0;
      for (const store of [plain, ...CODINGS.map((coding) => compressed[coding])])
        removed += await store.removeAbandoned(before);
      return removed;
    },
    /** Forgets contents that no deploy of any scope names, and their bytes; how many. */
    async collect({ graceSec, limit }: { graceSec: number; limit: number }): Promise<number> {
      return sql.tx(async (tx) => {
        const rows = await tx.query<{ sha256: string; variants: Variants | null }>({
          ...DROP_UNUSED,
          values: [graceSec, limit],
        });
        // Within the transaction: who puts one of them again waits at its row until its bytes are gone, and then sees that they are.
        const before = new Date(Date.parse(await nowOf(tx)) - graceSec * 1000);
        for (const { sha256, variants } of rows) {
          await plain.remove(sha256, before);
          for (const coding of CODINGS) await removeVariant(compressed[coding], variants?.[coding], before);
        }
        return rows.length;
      });
    },
  };
}

/** False after a collection that died between the bytes and its commit: then the row tells of what is gone. */
async function haveBytes(stores: Readonly<Record<Coding, BlobStore>>, variants: Variants): Promise<boolean> {
  for (const coding of CODINGS) {
    const variant = variants[coding];
    if (variant !== undefined && !(await stores[coding].has(variant.sha256))) return false;
  }
  return true;
}

async function removeVariant(
  store: BlobStore,
  variant: { sha256: string } | undefined,
  before: Date,
): Promise<void> {
  if (variant !== undefined) await store.remove(variant.sha256, before);
}

async function nowOf(sql: Sql): Promise<string> {
  const [row] = await sql.query<{ now: Date }>({ text: 'select now() as now' });
  return (row?.now ?? new Date(0)).toISOString();
}

function createCompressor(coding: Coding, size: number) {
  if (coding === 'gzip') return createGzip({ level: GZIP_LEVEL });
  return createBrotliCompress({
    params: {
      [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: size,
    },
  });
}

function gone(): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'A content was being collected while it was stored; try again.');
}
