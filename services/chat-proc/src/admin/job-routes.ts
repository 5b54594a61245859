import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { DEFAULT_TIMEZONE, JOB_STATES } from '@switchyard/jobs';
import type { JobRow } from '@switchyard/jobs';
import type { Clock } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { Bundles } from '@switchyard/store';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';

export interface JobRouteParts {
  readonly guards: Guards;
  readonly audited: Audited;
  readonly bundles: Pick<Bundles, 'find'>;
  readonly work: Pick<BundleJobs, 'jobs' | 'rows' | 'schedules'>;
  readonly clock: Pick<Clock, 'now'>;
}

const PATH = '/admin/integrations/bundles/:bundle';
const bundleParams = z.object({ bundle: idSchema });
const jobParams = bundleParams.extend({ job: idSchema });
const runSchema = z.looseObject({ job_id: z.string(), name: z.string(), status: z.enum(JOB_STATES) });

/** Schedules and jobs of a bundle (03 §7): what runs when, what came of it, and what an admin does about the dead ones. */
export function createJobRoutes(parts: JobRouteParts): Route[] {
  return [...createScheduleRoutes(parts), ...createListRoutes(parts), ...createDeadRoutes(parts)];
}

function createScheduleRoutes({ guards, audited, bundles, work, clock }: JobRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin' } as const;
  const schedulesOf = async (bundle: string) => {
    const row = await bundles.find(bundle);
    if (row === undefined) throw PlatformError.of('NOT_FOUND');
    return row.version?.manifest?.schedules ?? {};
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: `${PATH}/schedules`,
      summary: 'Schedules of a bundle with their last and next runs',
      params: bundleParams,
      answer: z.object({ schedules: z.array(z.looseObject({ name: z.string(), cron: z.string() })) }),
      async handle({ params: { bundle }, req, res }) {
        await guards.admin(req, res);
        const declared = await schedulesOf(bundle);
        const [next, last] = [
          await work.schedules.nextTicks(bundle),
          await work.rows.lastOfEach(bundle, 'schedule'),
        ];
        const schedules = Object.entries(declared).map(([name, { cron, timezone, retry }]) => {
          const [at, run] = [next.get(name), last.find((row) => row.name === name)];
          return {
            name,
            cron,
            timezone: timezone ?? DEFAULT_TIMEZONE,
            retry: retry === true,
            next_run: at === undefined ? null : new Date(at).toISOString(),
            last_run: run === undefined ? null : viewOf(run),
          };
        });
        return { schedules };
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${PATH}/schedules/:schedule/run`,
      summary: 'Run a schedule now',
      params: bundleParams.extend({ schedule: z.string().min(1).max(200) }),
      answer: z.object({ job_id: z.string() }),
      async handle({ params: { bundle, schedule }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'schedule.run', `${bundle}/${schedule}`, async () => {
          const declared = await schedulesOf(bundle);
          if (!Object.hasOwn(declared, schedule)) throw PlatformError.of('NOT_FOUND');
          const { jobId } = await work.jobs.add({
            kind: 'schedule',
            bundleId: bundle,
            name: schedule,
            data: { tick: new Date(clock.now()).toISOString() },
            maxAttempts: 1,
            delayMs: 0,
          });
          return { before: null, after: { job_id: jobId }, answer: { job_id: jobId } };
        });
      },
    }),
  ];
}

function createListRoutes({ guards, work }: JobRouteParts): Route[] {
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'get',
      path: `${PATH}/jobs`,
      summary: 'Jobs, ticks or webhook deliveries of a bundle, newest first',
      params: bundleParams,
      query: z.object({
        state: z.enum(JOB_STATES).optional(),
        kind: z.enum(['job', 'schedule', 'webhook', 'prediction']).default('job'),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      answer: z.object({ jobs: z.array(runSchema) }),
      async handle({ params: { bundle }, query: { state, kind, limit }, req, res }) {
        await guards.admin(req, res);
        return { jobs: (await work.rows.list(bundle, kind, state, limit)).map(viewOf) };
      },
    }),
  ];
}

function createDeadRoutes({ guards, audited, work }: JobRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin', method: 'post', params: jobParams } as const;
  const changed = (did: boolean): void => {
    if (!did) throw PlatformError.of('CONFLICT', 'There is no dead job of this id.');
  };
  return [
    defineRoute({
      ...shared,
      path: `${PATH}/jobs/:job/retry`,
      summary: 'Give a dead job further starts',
      body: z.strictObject({ attempts: z.number().int().min(1).max(100).default(1) }).prefault({}),
      answer: z.object({ status: z.literal('queued') }),
      async handle({ params: { bundle, job }, body: { attempts }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'job.retry', `${bundle}/${job}`, async () => {
          changed(await work.jobs.retryDead(bundle, job, attempts));
          return {
            before: { status: 'dead' },
            after: { status: 'queued', attempts },
            answer: { status: 'queued' },
          };
        });
      },
    }),
    defineRoute({
      ...shared,
      path: `${PATH}/jobs/:job/drop`,
      summary: 'Drop a dead job',
      answer: z.object({ status: z.literal('dropped') }),
      async handle({ params: { bundle, job }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'job.drop', `${bundle}/${job}`, async () => {
          changed(await work.jobs.dropDead(bundle, job));
          const after = { status: 'dropped' };
          return { before: { status: 'dead' }, after, answer: after };
        });
      },
    }),
  ];
}

/** What an admin sees; not the data, which may hold what users wrote. */
function viewOf(row: JobRow) {
  return {
    job_id: row.job_id,
    name: row.name,
    status: row.status,
    tick: row.kind === 'schedule' ? row.dedupe_key : undefined,
    attempt: row.attempt,
    max_attempts: row.max_attempts,
    run_at: row.run_at.toISOString(),
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    ended_at: row.ended_at?.toISOString() ?? null,
    error: row.error,
  };
}
