-- Up Migration

-- Code that requests name by its address, as what lay there at that moment: immutable, named by its content. It stays in the bundle store
-- as long as a prediction names it.
create table procedure_version (
  tenant     text not null,
  project    text not null,
  version_id text not null,
  sha        text not null,
  -- Relative to the version's folder.
  entry      text not null,
  -- As the host said it that read the code; null until one did.
  manifest   jsonb,
  created_at timestamptz not null default now(),
  -- When a request last came to it: between that and the row of its prediction it is kept as well.
  used_at    timestamptz not null default now(),
  primary key (tenant, project, version_id)
);
create index procedure_version_used on procedure_version (tenant, project, used_at);
create index prediction_procedure on prediction (tenant, project, version_id) where bundle_id = '~procedures';

-- Asynchronous procedures are background work with slots of their own.
alter table background_job drop constraint background_job_kind_check;
alter table background_job add constraint background_job_kind_check
  check (kind in ('job', 'schedule', 'webhook', 'prediction', 'procedure'));

-- Down Migration

delete from background_job where kind = 'procedure';
alter table background_job drop constraint background_job_kind_check;
alter table background_job add constraint background_job_kind_check check (kind in ('job', 'schedule', 'webhook', 'prediction'));
-- A former version knows nothing of them.
delete from prediction where bundle_id = '~procedures';
drop index prediction_procedure;
drop table procedure_version;
