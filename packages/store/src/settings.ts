import type { TenantProject } from '@switchyard/protocol';
import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface SettingValue {
  value: unknown;
  version: number;
}

const GET_SETTING = {
  name: 'setting.get',
  text: 'select value, version from setting where tenant = $1 and project = $2 and name = $3',
};
// Version 0 means "not there yet"; the insert refuses when it is.
const PUT_SETTING = {
  name: 'setting.put',
  text: `insert into setting as s (tenant, project, name, value, updated_by)
    select $1, $2, $3, $4::jsonb, $6 where $5::bigint = 0 or exists
      (select 1 from setting where tenant = $1 and project = $2 and name = $3)
    on conflict (tenant, project, name) do update
      set value = excluded.value, version = s.version + 1, updated_by = excluded.updated_by, updated_at = now()
      where s.version = $5
    returning value, version`,
};

export type Settings = ReturnType<typeof createSettings>;

/** Small versioned values of a scope: limits and switches that change while running. */
export function createSettings(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  return {
    async get(name: string): Promise<SettingValue | undefined> {
      return (await sql.query<SettingValue>({ ...GET_SETTING, values: [tenant, project, name] }))[0];
    },
    /** Writes when `version` is still the stored one (0 for a new name); undefined when somebody was faster. */
    async put(
      name: string,
      value: unknown,
      version: number,
      updatedBy: string,
    ): Promise<SettingValue | undefined> {
      const values = [tenant, project, name, json(value), version, updatedBy];
      return (await sql.query<SettingValue>({ ...PUT_SETTING, values }))[0];
    },
  };
}
