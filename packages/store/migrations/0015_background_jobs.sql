-- Up Migration

-- Background work: jobs of bundles, ticks of their schedules, deliveries of webhooks. These rows are the truth; what BullMQ keeps in
-- Redis only says that it is time to look at one. One row of a schedule is one tick: `dedupe_key` is the tick, so there is one at most.
create table background_job (
  tenant       text not null,
  project      text not null,
  job_id       text not null,
  kind         text not null check (kind in ('job', 'schedule', 'webhook')),
  -- Empty for what belongs to no bundle.
  bundle_id    text not null default '',
  name         text not null,
  dedupe_key   text,
  data         jsonb not null,
  status       text not null default 'queued'
    check (status in ('queued', 'running', 'done', 'failed', 'interrupted', 'dead', 'dropped')),
  -- Starts so far, and how many there may be.
  attempt      integer not null default 0,
  max_attempts integer not null check (max_attempts between 1 and 1000),
  backoff      jsonb,
  run_at       timestamptz not null default now(),
  -- Who runs it, and until when that is believed without a renewal. Null unless running.
  fence        text,
  lease_until  timestamptz,
  error        text,
  created_at   timestamptz not null default now(),
  started_at   timestamptz,
  ended_at     timestamptz,
  primary key (tenant, project, job_id),
  check ((status = 'running') = (fence is not null)),
  check ((fence is null) = (lease_until is null))
);
create unique index background_job_once on background_job (tenant, project, kind, bundle_id, name, dedupe_key)
  where dedupe_key is not null;
create index background_job_due on background_job (tenant, project, run_at) where status = 'queued';
create index background_job_running on background_job (tenant, project, lease_until) where status = 'running';
create index background_job_list on background_job (tenant, project, bundle_id, kind, created_at desc);
create index background_job_ended on background_job (tenant, project, ended_at) where ended_at is not null;

-- Down Migration

drop table background_job;
