-- Up Migration

-- Asynchronous predictions are carried as background work.
alter table background_job drop constraint background_job_kind_check;
alter table background_job add constraint background_job_kind_check
  check (kind in ('job', 'schedule', 'webhook', 'prediction'));

-- Down Migration

delete from background_job where kind = 'prediction';
alter table background_job drop constraint background_job_kind_check;
alter table background_job add constraint background_job_kind_check check (kind in ('job', 'schedule', 'webhook'));
