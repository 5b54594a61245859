import type { TenantProject } from '@switchyard/protocol';
import { cleanText, json } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import type { JobEnd } from './decide-end.ts';
import type { Backoff, JobKind, JobRow, JobState } from './job-row.ts';

export interface NewJob {
  readonly jobId: string;
  readonly kind: JobKind;
  readonly bundleId: string;
  readonly name: string;
  /** The same again is the first row. Unique with kind, bundle and name. */
  readonly dedupeKey?: string | undefined;
  readonly data: unknown;
  readonly maxAttempts: number;
  readonly backoff?: Backoff | undefined;
  readonly delayMs: number;
}

const SCOPE = 'tenant = $1 and project = $2';
const ROW = `job_id, kind, bundle_id, name, dedupe_key, data, status, attempt, max_attempts, backoff, run_at, fence, error, created_at,
  started_at, ended_at`;
const MS = "interval '1 millisecond'";

// Bounded per bundle and kind. Two adds at once may both see the last place: the bound is met within the number of workers.
const ADD = {
  name: 'backgroundJob.add',
  text: `insert into background_job (tenant, project, job_id, kind, bundle_id, name, dedupe_key, data, max_attempts, backoff, run_at)
    select $1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10::jsonb, now() + $11 * ${MS}
    where (select count(*) from (select from background_job
      where ${SCOPE} and bundle_id = $5 and kind = $4 and status = 'queued' limit $12) as waiting) < $12
    on conflict do nothing returning job_id`,
};
// The row of a tick for which there was no room: it says so, and it is the one row of its tick.
const ADD_SKIPPED = {
  name: 'backgroundJob.addSkipped',
  text: `insert into background_job (tenant, project, job_id, kind, bundle_id, name, dedupe_key, data, max_attempts, status, error, ended_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, 'failed', $10, now()) on conflict do nothing returning job_id`,
};
const FIND_TWIN = {
  name: 'backgroundJob.findTwin',
  text: `select job_id from background_job where ${SCOPE} and kind = $3 and bundle_id = $4 and name = $5 and dedupe_key = $6`,
};
// queued -> running, once per attempt: whoever comes second finds another attempt or another status.
const START = {
  name: 'backgroundJob.start',
  text: `update background_job set status = 'running', attempt = attempt + 1, fence = $5, lease_until = now() + $6 * ${MS}, started_at = now()
    where ${SCOPE} and job_id = $3 and status = 'queued' and attempt = $4 and run_at <= now() + interval '1 second' returning ${ROW}`,
};
// running -> anything, by the one who holds it.
const END = {
  name: 'backgroundJob.end',
  text: `update background_job set status = $5, error = $6, fence = null, lease_until = null, run_at = now() + $7 * ${MS},
      max_attempts = least(max_attempts + $8, 1000),
      ended_at = case when $5 = 'queued' then null else now() end
    where ${SCOPE} and job_id = $3 and status = 'running' and fence = $4 returning ${ROW}`,
};
const RENEW = {
  name: 'backgroundJob.renew',
  text: `update background_job set lease_until = now() + $4 * ${MS} where ${SCOPE} and status = 'running' and fence = any($3)
    returning fence`,
};
const LIST_LOST = {
  name: 'backgroundJob.listLost',
  text: `select ${ROW} from background_job where ${SCOPE} and status = 'running' and lease_until < now() order by lease_until limit $3`,
};
// A row that was renewed since it was listed stays.
const END_LOST = {
  name: 'backgroundJob.endLost',
  text: END.text.replace('returning', 'and lease_until < now() returning'),
};
const LIST_OVERDUE = {
  name: 'backgroundJob.listOverdue',
  text: `select ${ROW} from background_job where ${SCOPE} and status = 'queued' and run_at < now() - $3 * ${MS} order by run_at limit $4`,
};
const RETRY_DEAD = {
  name: 'backgroundJob.retryDead',
  text: `update background_job set status = 'queued', max_attempts = least(attempt + greatest($5, 1), 1000), run_at = now(), ended_at = null
    where ${SCOPE} and job_id = $3 and bundle_id = $4 and status = 'dead' returning ${ROW}`,
};
const DROP_DEAD = {
  name: 'backgroundJob.dropDead',
  text: `update background_job set status = 'dropped', ended_at = now()
    where ${SCOPE} and job_id = $3 and bundle_id = $4 and status = 'dead' returning ${ROW}`,
};
const LIST = {
  name: 'backgroundJob.list',
  text: `select ${ROW} from background_job where ${SCOPE} and bundle_id = $3 and kind = $4 and ($5::text is null or status = $5)
    order by created_at desc, job_id limit $6`,
};
const LAST_OF_EACH = {
  name: 'backgroundJob.lastOfEach',
  text: `select distinct on (name) ${ROW} from background_job where ${SCOPE} and bundle_id = $3 and kind = $4
    order by name, created_at desc`,
};
const WAITING = {
  name: 'backgroundJob.waiting',
  text: `select kind, count(*)::int as waiting, coalesce(extract(epoch from now() - min(run_at)), 0)::float8 as oldest_sec
    from background_job where ${SCOPE} and status = 'queued' and run_at <= now() group by kind`,
};
const SWEEP = {
  name: 'backgroundJob.sweep',
  text: `delete from background_job where ctid = any(array(select ctid from background_job
    where ${SCOPE} and ended_at < now() - $3 * ${MS} and (status <> 'dead' or ended_at < now() - $4 * ${MS}) limit $5)) returning job_id`,
};

function valuesOf({ status, error, delayMs, isGivenBack }: JobEnd): readonly unknown[] {
  return [status, error === null ? null : cleanText(error), delayMs, isGivenBack === true ? 1 : 0];
}

export type JobRows = ReturnType<typeof createJobRows>;

/** The rows of background work. Every change of a state is one compare-and-set; undefined: it was not as the caller believed. */
export function createJobRows(sql: Sql, scope: TenantProject) {
  const ask = <R extends object = JobRow>(statement: { name: string; text: string }, ...values: unknown[]) =>
    sql.query<R>({ ...statement, values: [scope.tenant, scope.project, ...values] });
  const one = async (statement: { name: string; text: string }, ...values: unknown[]) =>
    (await ask(statement, ...values))[0];
  const twin = async ({ kind, bundleId, name, dedupeKey }: NewJob) =>
    dedupeKey === undefined
      ? undefined
      : (await ask<{ job_id: string }>(FIND_TWIN, kind, bundleId, name, dedupeKey))[0]?.job_id;
  return {
    /** `full`: as many rows of this bundle and kind wait already. */
    async add(job: NewJob, maxWaiting: number): Promise<{ jobId: string; isNew: boolean } | 'full'> {
      const { jobId, kind, bundleId, name, dedupeKey = null, data, maxAttempts, backoff, delayMs } = job;
      const backoffJson = backoff === undefined ? null : json(backoff);
      const values = [jobId, kind, bundleId, name, dedupeKey, json(data), maxAttempts, backoffJson, delayMs];
      const added = await ask<{ job_id: string }>(ADD, ...values, maxWaiting);
      if (added.length > 0) return { jobId, isNew: true };
      const former = await twin(job);
      return former === undefined ? 'full' : { jobId: former, isNew: false };
    },
    /** For a tick that nobody will run. False: its row is there already. */
    async addSkipped(job: NewJob, error: string): Promise<boolean> {
      const { jobId, kind, bundleId, name, dedupeKey = null, data, maxAttempts } = job;
      const values = [jobId, kind, bundleId, name, dedupeKey, json(data), maxAttempts, error];
      return (await ask(ADD_SKIPPED, ...values)).length > 0;
    },
    /** @param attempt starts that there were when the caller heard of it */
    start: (jobId: string, attempt: number, fence: string, leaseMs: number) =>
      one(START, jobId, attempt, fence, leaseMs),
    end: (jobId: string, fence: string, end: JobEnd) => one(END, jobId, fence, ...valuesOf(end)),
    /** The fences that still hold. */
    renew: async (fences: readonly string[], leaseMs: number) =>
      (await ask<{ fence: string }>(RENEW, fences, leaseMs)).map(({ fence }) => fence),
    listLost: (limit: number) => ask(LIST_LOST, limit),
    endLost: (jobId: string, fence: string, end: JobEnd) => one(END_LOST, jobId, fence, ...valuesOf(end)),
    listOverdue: (graceMs: number, limit: number) => ask(LIST_OVERDUE, graceMs, limit),
    retryDead: (bundleId: string, jobId: string, attempts: number) =>
      one(RETRY_DEAD, jobId, bundleId, attempts),
    dropDead: (bundleId: string, jobId: string) => one(DROP_DEAD, jobId, bundleId),
    /** Newest first. */
    list: (bundleId: string, kind: JobKind, state: JobState | undefined, limit: number) =>
      ask(LIST, bundleId, kind, state ?? null, limit),
    lastOfEach: (bundleId: string, kind: JobKind) => ask(LAST_OF_EACH, bundleId, kind),
    waiting: () => ask<{ kind: JobKind; waiting: number; oldest_sec: number }>(WAITING),
    sweep: async (keepMs: number, keepDeadMs: number, limit: number) =>
      (await ask(SWEEP, keepMs, keepDeadMs, limit)).length,
  };
}
