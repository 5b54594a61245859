-- Up Migration

-- Of `input_tokens`: what the provider had in its cache.
alter table usage add column cached_tokens bigint not null default 0 check (cached_tokens >= 0);
-- What somebody used today is asked before each call of a model, so it must not read the whole day of everybody.
create index usage_by_user on usage (tenant, project, user_id, at) include (input_tokens, output_tokens, source);

-- Down Migration

drop index usage_by_user;
alter table usage drop column cached_tokens;
