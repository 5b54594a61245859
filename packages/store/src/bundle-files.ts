import type { TenantProject } from '@switchyard/protocol';
import type { DataOwner } from './bundle-values.ts';
import { isoText } from './iso-text.ts';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface BundleFile {
  path: string;
  size: number;
  mime: string;
  sha256: string;
  updated_at: string;
}

const ROW = 'tenant = $1 and project = $2 and bundle_id = $3 and owner = $4';
const COLUMNS = `path, size::float8 as size, mime, sha256, ${isoText('updated_at')} as updated_at`;

const FIND = {
  name: 'bundleFile.find',
  text: `select ${COLUMNS} from bundle_file where ${ROW} and path = $5`,
};
const TOUCH_BLOB = {
  name: 'bundleFile.touchBlob',
  text: `insert into blob (sha256, size) values ($1, $2) on conflict (sha256) do update set touched_at = now()`,
};
const PUT = {
  name: 'bundleFile.put',
  text: `insert into bundle_file (tenant, project, bundle_id, owner, path, size, mime, sha256)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (tenant, project, bundle_id, owner, path) do update
      set size = excluded.size, mime = excluded.mime, sha256 = excluded.sha256, updated_at = now()
    returning ${COLUMNS}`,
};
const DELETE = {
  name: 'bundleFile.delete',
  text: `delete from bundle_file where ${ROW} and path = $5 returning path`,
};
const LIST = {
  name: 'bundleFile.list',
  text: `select ${COLUMNS} from bundle_file where ${ROW} and starts_with(path, $5) and path > $6 order by path limit $7`,
};
const USED = {
  name: 'bundleFile.used',
  text: `select coalesce(sum(size), 0)::float8 as bytes from bundle_file where tenant = $1 and project = $2 and bundle_id = $3`,
};

export type BundleFiles = ReturnType<typeof createBundleFiles>;

/** Files that bundles keep: the rows; the bytes are in the blob store, which must hold them before `put`. */
export function createBundleFiles(sql: Sql, { tenant, project }: TenantProject) {
  const at = ({ bundleId, userId }: DataOwner, ...more: unknown[]) => [
    tenant,
    project,
    bundleId,
    userId ?? '',
    ...more,
  ];
  return {
    find: async (owner: DataOwner, path: string) =>
      (await sql.query<BundleFile>({ ...FIND, values: at(owner, path) }))[0],
    /** Over a former file of that path. */
    put: (
      owner: DataOwner,
      file: Pick<BundleFile, 'path' | 'size' | 'mime' | 'sha256'>,
    ): Promise<BundleFile> =>
      sql.tx(async (tx) => {
        const { path, size, mime, sha256 } = file;
        await tx.query({ ...TOUCH_BLOB, values: [sha256, size] });
        const values = at(owner, cleanText(path), size, cleanText(mime), sha256);
        const [row] = await tx.query<BundleFile>({ ...PUT, values });
        if (row === undefined) throw new Error('a file of a bundle was not written');
        return row;
      }),
    delete: async (owner: DataOwner, path: string): Promise<boolean> =>
      (await sql.query({ ...DELETE, values: at(owner, path) })).length > 0,
    /** In the order of their paths, after `after`. */
    list: (owner: DataOwner, prefix: string, after: string, limit: number) =>
      sql.query<BundleFile>({ ...LIST, values: at(owner, prefix, after, limit) }),
    /** Bytes of all files of a bundle, those of its users too. */
    usedBytes: async (bundleId: string): Promise<number> =>
      (await sql.query<{ bytes: number }>({ ...USED, values: [tenant, project, bundleId] }))[0]?.bytes ?? 0,
  };
}
