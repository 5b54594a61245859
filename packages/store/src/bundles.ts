import type { BundleManifest, TenantProject } from '@switchyard/protocol';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

export type BundleVersionStatus = 'registered' | 'ready' | 'failed' | 'removed';

export interface BundleVersionRow {
  version_id: string;
  bundle_id: string;
  ref: string;
  sha: string;
  /** Relative to the version's folder. */
  entry: string;
  manifest: BundleManifest | null;
  status: BundleVersionStatus;
  error: string | null;
  created_at: Date;
  activated_at: Date | null;
}

export interface BundleRow {
  bundle_id: string;
  active_version: string | null;
  is_default: boolean;
  source: Record<string, unknown>;
  updated_at: Date;
  /** The version that serves now; null until the first was inspected and warmed. */
  version: Omit<BundleVersionRow, 'created_at' | 'activated_at'> | null;
}

const VERSION = 'version_id, bundle_id, ref, sha, entry, manifest, status, error, created_at, activated_at';
const SCOPE = 'tenant = $1 and project = $2';

const ADD_VERSION = {
  name: 'bundleVersion.add',
  text: `insert into bundle_version (tenant, project, version_id, bundle_id, ref, sha, entry, status)
    values ($1, $2, $3, $4, $5, $6, $7, 'registered') on conflict (tenant, project, version_id) do nothing`,
};
const FIND_VERSION = {
  name: 'bundleVersion.find',
  text: `select ${VERSION} from bundle_version where ${SCOPE} and version_id = $3`,
};
const LIST_VERSIONS = {
  name: 'bundleVersion.list',
  text: `select ${VERSION} from bundle_version where ${SCOPE} and bundle_id = $3 order by created_at desc, version_id limit $4`,
};
const MARK_VERSION = {
  name: 'bundleVersion.mark',
  text: `update bundle_version set status = $4, manifest = coalesce($5::jsonb, manifest), error = $6
    where ${SCOPE} and version_id = $3 returning ${VERSION}`,
};
const STAMP_ACTIVATED = {
  name: 'bundleVersion.stampActivated',
  text: `update bundle_version set activated_at = now()
    where ${SCOPE} and version_id = $3 and bundle_id = $4 and status = 'ready' returning version_id`,
};
const PUT_BUNDLE = {
  name: 'bundle.put',
  text: `insert into bundle as b (tenant, project, bundle_id, source) values ($1, $2, $3, $4::jsonb)
    on conflict (tenant, project, bundle_id) do update set source = excluded.source, updated_at = now()`,
};
const ACTIVATE = {
  name: 'bundle.activate',
  text: `update bundle set active_version = $4, updated_at = now() where ${SCOPE} and bundle_id = $3 returning bundle_id`,
};
const CLEAR_DEFAULT = {
  name: 'bundle.clearDefault',
  text: `update bundle set is_default = false where ${SCOPE} and is_default and bundle_id <> $3`,
};
const SET_DEFAULT = {
  name: 'bundle.setDefault',
  text: `update bundle set is_default = true, updated_at = now() where ${SCOPE} and bundle_id = $3 returning bundle_id`,
};
const BUNDLE = `select b.bundle_id, b.active_version, b.is_default, b.source, b.updated_at,
    case when v.version_id is null then null else jsonb_build_object('version_id', v.version_id, 'bundle_id', v.bundle_id,
      'ref', v.ref, 'sha', v.sha, 'entry', v.entry, 'manifest', v.manifest, 'status', v.status, 'error', v.error) end as version
  from bundle b left join bundle_version v
    on v.tenant = b.tenant and v.project = b.project and v.version_id = b.active_version
  where b.tenant = $1 and b.project = $2`;
const LIST_BUNDLES = { name: 'bundle.list', text: `${BUNDLE} order by b.bundle_id` };
const FIND_BUNDLE = { name: 'bundle.find', text: `${BUNDLE} and b.bundle_id = $3` };
const DEFAULT_BUNDLE = { name: 'bundle.default', text: `${BUNDLE} and b.is_default` };

const REMOVE_BUNDLE = {
  name: 'bundle.remove',
  text: `delete from bundle where ${SCOPE} and bundle_id = $3 and not is_default returning bundle_id`,
};
/** What a source gave last is never forgotten: its row says that it served once, so a restart does not take it for news. */
const FORGET_REMOVED = {
  name: 'bundleVersion.forgetRemoved',
  text: `delete from bundle_version v where ${SCOPE} and bundle_id = $3 and status = 'removed'
    and not exists (select from bundle b where b.tenant = v.tenant and b.project = v.project and b.bundle_id = v.bundle_id
      and (b.active_version = v.version_id or b.source->>'sha' = v.sha))
    and version_id not in (select version_id from bundle_version where ${SCOPE} and bundle_id = $3 and status = 'removed'
      order by created_at desc, version_id limit $4)`,
};
const KNOWN_IDS = {
  name: 'bundleVersion.knownIds',
  text: `select distinct bundle_id from bundle_version where ${SCOPE} and status <> 'removed' order by bundle_id`,
};

export type Bundles = ReturnType<typeof createBundles>;

/** The registry's rows: which bundles there are, their immutable versions, and which version serves now. */
export function createBundles(sql: Sql, scope: TenantProject) {
  const at = (...values: unknown[]) => [scope.tenant, scope.project, ...values];
  const version = async (statement: { name: string; text: string }, ...values: unknown[]) =>
    (await sql.query<BundleVersionRow>({ ...statement, values: at(...values) }))[0];
  const mark = (
    versionId: string,
    status: BundleVersionStatus,
    manifest: BundleManifest | undefined,
    error: string | null,
  ) => version(MARK_VERSION, versionId, status, manifest === undefined ? null : json(manifest), error);

  return {
    /** Knows the bundle and this version of it from now on. A version that is there already stays as it is. */
    add: (input: {
      bundleId: string;
      versionId: string;
      ref: string;
      sha: string;
      entry: string;
      source: Record<string, unknown>;
    }) =>
      sql.tx(async (tx) => {
        const { bundleId, versionId, ref, sha, entry } = input;
        await tx.query({ ...ADD_VERSION, values: at(versionId, bundleId, ref, sha, entry) });
        await tx.query({ ...PUT_BUNDLE, values: at(bundleId, json(input.source)) });
      }),
    /** Where it comes from now; its versions stay as they are. */
    putSource: async (bundleId: string, source: Record<string, unknown>): Promise<void> => {
      await sql.query({ ...PUT_BUNDLE, values: at(bundleId, json(source)) });
    },
    markReady: (versionId: string, manifest: BundleManifest) => mark(versionId, 'ready', manifest, null),
    markFailed: (versionId: string, error: string) =>
      mark(versionId, 'failed', undefined, cleanText(error).slice(0, 4000)),
    markRemoved: (versionId: string) => mark(versionId, 'removed', undefined, null),
    /** The switch, in one transaction. False: that version is not ready, or not of this bundle; nothing changed. */
    activate: (bundleId: string, versionId: string): Promise<boolean> =>
      sql.tx(async (tx) => {
        const stamped = await tx.query({ ...STAMP_ACTIVATED, values: at(versionId, bundleId) });
        if (stamped.length === 0) return false;
        return (await tx.query({ ...ACTIVATE, values: at(bundleId, versionId) })).length > 0;
      }),
    /** False: no such bundle; the default stays. */
    setDefault: (bundleId: string): Promise<boolean> =>
      sql.advisoryLock(`switchyard:default-bundle:${scope.tenant}:${scope.project}`, () =>
        sql.tx(async (tx) => {
          if ((await tx.query({ ...FIND_BUNDLE, values: at(bundleId) })).length === 0) return false;
          await tx.query({ ...CLEAR_DEFAULT, values: at(bundleId) });
          return (await tx.query({ ...SET_DEFAULT, values: at(bundleId) })).length > 0;
        }),
      ),
    /** Its versions stay until they are cleaned up. False: no such bundle, or the default one. */
    remove: async (bundleId: string): Promise<boolean> =>
      (await sql.query({ ...REMOVE_BUNDLE, values: at(bundleId) })).length > 0,
    /** Of a bundle's removed versions the newest `keep` stay in the list of its versions; the rows of the others go. */
    forgetRemoved: async (bundleId: string, keep: number): Promise<void> => {
      await sql.query({ ...FORGET_REMOVED, values: at(bundleId, keep) });
    },
    /** Bundles of which anything is left, also removed ones. */
    listKnownIds: async (): Promise<string[]> =>
      (await sql.query<{ bundle_id: string }>({ ...KNOWN_IDS, values: at() })).map((row) => row.bundle_id),
    list: () => sql.query<BundleRow>({ ...LIST_BUNDLES, values: at() }),
    find: async (bundleId: string) =>
      (await sql.query<BundleRow>({ ...FIND_BUNDLE, values: at(bundleId) }))[0],
    findDefault: async () => (await sql.query<BundleRow>({ ...DEFAULT_BUNDLE, values: at() }))[0],
    findVersion: (versionId: string) => version(FIND_VERSION, versionId),
    /** Newest first. */
    listVersions: (bundleId: string, limit: number) =>
      sql.query<BundleVersionRow>({ ...LIST_VERSIONS, values: at(bundleId, limit) }),
  };
}
