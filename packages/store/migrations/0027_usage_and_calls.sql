-- Up Migration

-- Of `input_tokens`: what the provider had in its cache.
alter table usage add column cached_tokens bigint not null default 0 check (cached_tokens >= 0);
-- What somebody used today is asked before each call of a model, so it must not read the whole day of everybody.
create index usage_by_user on usage (tenant, project, user_id, at) include (input_tokens, output_tokens, source);

-- How a call ended that has no answer to give again. `done`: well, but its answer is not kept; `unknown`: it failed in the middle. A row
-- without answer and outcome is a call that runs, or, when `held_until` is past, one whose worker is gone: unknown as well.
alter table operation_call
  add column outcome text check (outcome in ('done', 'unknown')),
  add column reason text,
  add column started_at timestamptz not null default now();

-- Down Migration

alter table operation_call drop column outcome, drop column reason, drop column started_at;
drop index usage_by_user;
alter table usage drop column cached_tokens;
