import type { BundleManifest, TenantProject } from '@switchyard/protocol';
import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** In the place of a bundle's id in rows of predictions: no bundle can be called so. */
export const PROCEDURES = '~procedures';

export interface ProcedureVersionRow {
  version_id: string;
  sha: string;
  /** Relative to the version's folder. */
  entry: string;
  /** Null until a host has read the code. */
  manifest: BundleManifest | null;
}

const ROW = 'version_id, sha, entry, manifest';
const SCOPE = 'tenant = $1 and project = $2';
const ONE = `${SCOPE} and version_id = $3`;
const UNUSED = `${SCOPE} and used_at < now() - $3 * interval '1 millisecond' and not exists (select from prediction as p
    where p.tenant = v.tenant and p.project = v.project and p.bundle_id = '${PROCEDURES}' and p.version_id = v.version_id)`;

const PUT = {
  name: 'procedureVersion.put',
  text: `insert into procedure_version (tenant, project, version_id, sha, entry) values ($1, $2, $3, $4, $5)
    on conflict (tenant, project, version_id) do update set used_at = now() returning ${ROW}`,
};
const USE = {
  name: 'procedureVersion.use',
  text: `update procedure_version set used_at = now() where ${ONE} returning ${ROW}`,
};
const DESCRIBE = {
  name: 'procedureVersion.describe',
  text: `update procedure_version set manifest = $4::jsonb where ${ONE}`,
};
const LIST_UNUSED = {
  name: 'procedureVersion.listUnused',
  text: `select version_id from procedure_version as v where ${UNUSED} order by used_at limit $4`,
};
const FORGET = {
  name: 'procedureVersion.forget',
  text: `delete from procedure_version as v where ${UNUSED} and version_id = $4 returning version_id`,
};

export type ProcedureVersions = ReturnType<typeof createProcedureVersions>;

/** The versions of procedures that lie in the bundle store. */
export function createProcedureVersions(sql: Sql, { tenant, project }: TenantProject) {
  const ask = <T extends object>(statement: { name: string; text: string }, ...values: unknown[]) =>
    sql.query<T>({ ...statement, values: [tenant, project, ...values] });
  return {
    /** The row of this version, made where there is none. */
    async put({
      versionId,
      sha,
      entry,
    }: {
      versionId: string;
      sha: string;
      entry: string;
    }): Promise<ProcedureVersionRow> {
      const [row] = await ask<ProcedureVersionRow>(PUT, versionId, sha, entry);
      if (row === undefined) throw new Error('the version of a procedure was not written');
      return row;
    },
    /** Somebody is about to make a prediction of it. Undefined: it is not known any more. */
    async use(versionId: string): Promise<ProcedureVersionRow | undefined> {
      return (await ask<ProcedureVersionRow>(USE, versionId))[0];
    },
    async describe(versionId: string, manifest: BundleManifest): Promise<void> {
      await ask(DESCRIBE, versionId, json(manifest));
    },
    /** Named by no prediction, and by no request for longer than `olderMs`. */
    listUnused: async (olderMs: number, limit: number): Promise<string[]> =>
      (await ask<{ version_id: string }>(LIST_UNUSED, olderMs, limit)).map((row) => row.version_id),
    /** False: somebody came for it meanwhile. */
    forget: async (versionId: string, olderMs: number): Promise<boolean> =>
      (await ask(FORGET, olderMs, versionId)).length > 0,
  };
}
