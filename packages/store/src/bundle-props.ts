import type { TenantProject } from '@switchyard/protocol';
import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** What an admin set of a bundle's props. */
export interface BundlePropsRow {
  bundle_id: string;
  props: Record<string, unknown>;
  version: number;
}

const COLUMNS = 'bundle_id, props, version::int';
const FIND = {
  name: 'bundleProps.find',
  text: `select ${COLUMNS} from bundle_props where tenant = $1 and project = $2 and bundle_id = $3`,
};
const LIST = {
  name: 'bundleProps.list',
  text: `select ${COLUMNS} from bundle_props where tenant = $1 and project = $2`,
};
// version n -> props. Version 0 means "nothing set yet": the insert meets no row.
const PUT = {
  name: 'bundleProps.put',
  text: `insert into bundle_props as p (tenant, project, bundle_id, props, updated_by)
    select $1, $2, $3, $4::jsonb, $6 where $5::bigint = 0 or exists
      (select 1 from bundle_props where tenant = $1 and project = $2 and bundle_id = $3)
    on conflict (tenant, project, bundle_id) do update set props = excluded.props, version = p.version + 1,
      updated_by = excluded.updated_by, updated_at = now() where p.version = $5
    returning ${COLUMNS}`,
};

export type BundleProps = ReturnType<typeof createBundleProps>;

/** Props that were set, by bundle. A reset keeps the row, so that versions only grow. */
export function createBundleProps(sql: Sql, { tenant, project }: TenantProject) {
  return {
    find: async (bundleId: string) =>
      (await sql.query<BundlePropsRow>({ ...FIND, values: [tenant, project, bundleId] }))[0],
    list: () => sql.query<BundlePropsRow>({ ...LIST, values: [tenant, project] }),
    /** Undefined: somebody was faster, `version` is not the stored one any more. */
    put: async (bundleId: string, props: unknown, version: number, updatedBy: string) => {
      const values = [tenant, project, bundleId, json(props), version, updatedBy];
      return (await sql.query<BundlePropsRow>({ ...PUT, values }))[0];
    },
  };
}
