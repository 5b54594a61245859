import type { TenantProject } from '@switchyard/protocol';
import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** An answer that did not come from the worker that holds its request. */
export interface LateAnswer {
  status: number;
  /** In order, repeats kept. */
  headers: [string, string][];
  body: Uint8Array | null;
  /** Why there is none of the bundle's own; for nobody outside. */
  error?: string;
}

/** What is known of a request that was accepted or answered late. */
export type StoredAnswer = { kind: 'pending' } | { kind: 'answered'; answer: LateAnswer };

interface Row {
  status: number | null;
  headers: [string, string][] | null;
  body: Uint8Array | null;
  error: string | null;
}

const ONE = 'tenant = $1 and project = $2 and request_id = $3';

// A job may have been faster than its 202: then its answer is there and learns whose site it is.
const ACCEPT = {
  name: 'webResponse.accept',
  text: `insert into web_response (tenant, project, request_id, bundle_id, site) values ($1, $2, $3, $4, $5)
    on conflict (tenant, project, request_id) do update set site = excluded.site
      where web_response.bundle_id = excluded.bundle_id`,
};
// nobody's, or accepted by the same bundle -> answered, once. One statement: of two answers one is the first.
const ANSWER = {
  name: 'webResponse.answer',
  text: `insert into web_response as r (tenant, project, request_id, bundle_id, status, headers, body, error)
    values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)
    on conflict (tenant, project, request_id) do update
      set status = excluded.status, headers = excluded.headers, body = excluded.body, error = excluded.error, created_at = now()
      where r.status is null and r.bundle_id = excluded.bundle_id
    returning status`,
};
const STATUS = {
  name: 'webResponse.status',
  text: `select status from web_response where ${ONE} and bundle_id = $4`,
};
// answered -> gone, with its answer.
const TAKE = {
  name: 'webResponse.take',
  text: `delete from web_response where ${ONE} and bundle_id = $4 and status is not null
    returning status, headers, body, error`,
};
const FIND = {
  name: 'webResponse.find',
  text: `select status, headers, body, error from web_response where ${ONE} and site = $4`,
};
const REMOVE = { name: 'webResponse.remove', text: `delete from web_response where ${ONE}` };
const SWEEP = {
  name: 'webResponse.sweep',
  text: `delete from web_response where (tenant, project, request_id) in (
    select tenant, project, request_id from web_response
    where created_at < now() - (case when status is null then $1::float8 else $2::float8 end) * interval '1 ms'
    order by created_at limit $3)`,
};

export type WebResponses = ReturnType<typeof createWebResponses>;

export function createWebResponses(sql: Sql, { tenant, project }: TenantProject) {
  const at = (requestId: string, ...more: unknown[]) => [tenant, project, requestId, ...more];
  return {
    /** A 202 went out: from now on the request can be asked for. */
    async accept({ requestId, bundleId, site }: { requestId: string; bundleId: string; site: string }) {
      await sql.query({ ...ACCEPT, values: at(requestId, bundleId, site) });
    },
    /** The status of the first answer, which this one may be. Undefined: the request is another bundle's. */
    async answer(
      { requestId, bundleId }: { requestId: string; bundleId: string },
      { status, headers, body, error }: LateAnswer,
    ): Promise<{ isFirst: boolean; status: number } | undefined> {
      const bytes = body === null ? null : Buffer.from(body);
      const values = at(requestId, bundleId, status, json(headers), bytes, error ?? null);
      const written = await sql.query({ ...ANSWER, values });
      if (written.length > 0) return { isFirst: true, status };
      const [row] = await sql.query<{ status: number | null }>({
        ...STATUS,
        values: at(requestId, bundleId),
      });
      return row === undefined ? undefined : { isFirst: false, status: row.status ?? status };
    },
    /** Takes the answer of a request that is held; undefined: there is none yet. */
    async take(requestId: string, bundleId: string): Promise<LateAnswer | undefined> {
      const [row] = await sql.query<Row>({ ...TAKE, values: at(requestId, bundleId) });
      return row === undefined ? undefined : answerOf(row);
    },
    async find(requestId: string, site: string): Promise<StoredAnswer | undefined> {
      const [row] = await sql.query<Row>({ ...FIND, values: at(requestId, site) });
      if (row === undefined) return undefined;
      return row.status === null ? { kind: 'pending' } : { kind: 'answered', answer: answerOf(row) };
    },
    async remove(requestId: string): Promise<void> {
      await sql.query({ ...REMOVE, values: at(requestId) });
    },
    /** Removes what nobody asked for in time, at most so many. */
    async sweep({ pendingMs, answeredMs, limit }: { pendingMs: number; answeredMs: number; limit: number }) {
      await sql.query({ ...SWEEP, values: [pendingMs, answeredMs, limit] });
    },
  };
}

function answerOf({ status, headers, body, error }: Row): LateAnswer {
  return {
    status: status ?? 502,
    headers: headers ?? [],
    body,
    ...(error === null ? {} : { error }),
  };
}
