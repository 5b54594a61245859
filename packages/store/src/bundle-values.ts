import type { TenantProject } from '@switchyard/protocol';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** Whose values: the bundle's own, or those that it keeps for one user. */
export interface DataOwner {
  bundleId: string;
  /** Undefined: the bundle's own. */
  userId?: string | undefined;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

export interface BundleValue {
  key: string;
  value: JsonValue;
  /** 1 for the first value of a key, one more with each change. */
  version: number;
}

export interface SetOptions {
  /** Seconds; without, it stays. */
  ttlSec?: number | undefined;
  /** Only over this version; 0: only where there is none. */
  ifVersion?: number | undefined;
}

const ROW = 'tenant = $1 and project = $2 and bundle_id = $3 and owner = $4';
const LIVE = '(expires_at is null or expires_at > now())';
const EXPIRES = `case when $7::int is null then null else now() + $7::int * interval '1 second' end`;

const GET = {
  name: 'bundleValue.get',
  text: `select key, value, version::int from bundle_value where ${ROW} and key = $5 and ${LIVE}`,
};
// anything -> value. An expired one counts as none.
const SET = {
  name: 'bundleValue.set',
  text: `insert into bundle_value as b (tenant, project, bundle_id, owner, key, value, version, expires_at)
    values ($1, $2, $3, $4, $5, $6::jsonb, 1, ${EXPIRES})
    on conflict (tenant, project, bundle_id, owner, key) do update set value = excluded.value, expires_at = excluded.expires_at,
      version = case when b.expires_at <= now() then 1 else b.version + 1 end, updated_at = now()
    returning key, value, version::int`,
};
// none -> value, once.
const SET_NEW = {
  name: 'bundleValue.setNew',
  text: `insert into bundle_value as b (tenant, project, bundle_id, owner, key, value, version, expires_at)
    values ($1, $2, $3, $4, $5, $6::jsonb, 1, ${EXPIRES})
    on conflict (tenant, project, bundle_id, owner, key) do update set value = excluded.value, expires_at = excluded.expires_at,
      version = 1, updated_at = now() where b.expires_at <= now()
    returning key, value, version::int`,
};
// version n -> value.
const SET_OVER = {
  name: 'bundleValue.setOver',
  text: `update bundle_value set value = $6::jsonb, expires_at = ${EXPIRES}, version = version + 1, updated_at = now()
    where ${ROW} and key = $5 and version = $8 and ${LIVE} returning key, value, version::int`,
};
// number -> number + n; none -> n. Anything else is left alone.
const INCREMENT = {
  name: 'bundleValue.increment',
  text: `insert into bundle_value as b (tenant, project, bundle_id, owner, key, value, version)
    values ($1, $2, $3, $4, $5, to_jsonb($6::bigint), 1)
    on conflict (tenant, project, bundle_id, owner, key) do update set updated_at = now(),
      value = case when b.expires_at <= now() then excluded.value else to_jsonb((b.value #>> '{}')::numeric + $6::bigint) end,
      version = case when b.expires_at <= now() then 1 else b.version + 1 end,
      expires_at = case when b.expires_at <= now() then null else b.expires_at end
      where b.expires_at <= now() or jsonb_typeof(b.value) = 'number'
    returning value`,
};
const DELETE = {
  name: 'bundleValue.delete',
  text: `delete from bundle_value where ${ROW} and key = $5 returning ${LIVE} as live`,
};
const LIST = {
  name: 'bundleValue.list',
  text: `select key, value, version::int from bundle_value where ${ROW} and starts_with(key, $5) and key > $6 and ${LIVE}
    order by key limit $7`,
};
const COUNT = {
  name: 'bundleValue.count',
  text: `select count(*)::int as count from
    (select 1 from bundle_value where tenant = $1 and project = $2 and bundle_id = $3 limit $4) counted`,
};
const SWEEP = {
  name: 'bundleValue.sweep',
  text: `delete from bundle_value where ctid in (select ctid from bundle_value where expires_at < now() limit $1)`,
};

export type BundleValues = ReturnType<typeof createBundleValues>;

/** Small JSON values of bundles. Every change is one statement, so two callers never undo each other. */
export function createBundleValues(sql: Sql, { tenant, project }: TenantProject) {
  const at = ({ bundleId, userId }: DataOwner, ...more: unknown[]) => [
    tenant,
    project,
    bundleId,
    userId ?? '',
    ...more,
  ];
  const first = async <R extends object>(statement: { name: string; text: string }, values: unknown[]) =>
    (await sql.query<R>({ ...statement, values }))[0];
  return {
    get: (owner: DataOwner, key: string) => first<BundleValue>(GET, at(owner, key)),
    /** Undefined: `ifVersion` does not hold; nothing changed. */
    set(owner: DataOwner, key: string, value: unknown, { ttlSec, ifVersion }: SetOptions = {}) {
      const values = at(owner, cleanText(key), json(value), ttlSec ?? null);
      if (ifVersion === undefined) return first<BundleValue>(SET, values);
      if (ifVersion === 0) return first<BundleValue>(SET_NEW, values);
      return first<BundleValue>(SET_OVER, [...values, ifVersion]);
    },
    /** The new number; undefined: what is there is none. */
    increment: async (owner: DataOwner, key: string, by: number): Promise<number | undefined> =>
      (await first<{ value: number }>(INCREMENT, at(owner, cleanText(key), by)))?.value,
    /** False: there was none. */
    delete: async (owner: DataOwner, key: string): Promise<boolean> =>
      (await first<{ live: boolean }>(DELETE, at(owner, key)))?.live === true,
    /** In the order of their keys, after `after`. */
    list: (owner: DataOwner, prefix: string, after: string, limit: number) =>
      sql.query<BundleValue>({ ...LIST, values: at(owner, prefix, after, limit) }),
    /** Of all owners of a bundle, expired ones too; counts to `limit` and no further. */
    count: async (bundleId: string, limit: number): Promise<number> =>
      (await first<{ count: number }>(COUNT, [tenant, project, bundleId, limit]))?.count ?? 0,
    /** Removes what has expired, at most so many. */
    async sweep(limit: number): Promise<void> {
      await sql.query({ ...SWEEP, values: [limit] });
    },
  };
}
