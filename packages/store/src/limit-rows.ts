import type { TenantProject } from '@switchyard/protocol';
import { isoText } from './iso-text.ts';
import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** What an admin set over the configured limits. */
export interface LimitRow {
  version: number;
  override: unknown;
  changed_by: string;
  changed_at: string;
}

const COLUMNS = `version::int, override, changed_by, ${isoText('changed_at')} as changed_at`;
const FIND = {
  name: 'liveLimits.find',
  text: `select ${COLUMNS} from live_limits where tenant = $1 and project = $2`,
};
// version n -> n + 1. Version 0 means "nothing set yet": the insert meets no row.
const PUT = {
  name: 'liveLimits.put',
  text: `insert into live_limits as l (tenant, project, override, changed_by)
    select $1, $2, $3::jsonb, $5 where $4::bigint = 0 or exists (select 1 from live_limits where tenant = $1 and project = $2)
    on conflict (tenant, project) do update set override = excluded.override, version = l.version + 1,
      changed_by = excluded.changed_by, changed_at = now() where l.version = $4
    returning ${COLUMNS}`,
};

export type LimitRows = ReturnType<typeof createLimitRows>;

/** The limits of a scope that were set while it runs. */
export function createLimitRows(sql: Sql, { tenant, project }: TenantProject) {
  return {
    find: async (): Promise<LimitRow | undefined> =>
      (await sql.query<LimitRow>({ ...FIND, values: [tenant, project] }))[0],
    /** Undefined: somebody was faster, `version` is not the stored one any more. */
    put: async (override: unknown, version: number, changedBy: string): Promise<LimitRow | undefined> =>
      (
        await sql.query<LimitRow>({ ...PUT, values: [tenant, project, json(override), version, changedBy] })
      )[0],
  };
}
