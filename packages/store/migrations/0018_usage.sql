-- Up Migration

-- What language models used, one row a call or a bundle's own record. `usage_id` is the writer's: the same one twice is one row, so a
-- write whose answer was lost may be made again. Nothing refers to conversation or turn: a bill outlives what it was for.
create table usage (
  tenant          text not null,
  project         text not null,
  usage_id        text not null,
  at              timestamptz not null default now(),
  user_id         text,
  bundle_id       text not null,
  version_id      text not null,
  conversation_id text,
  turn_id         text,
  provider        text not null,
  model           text not null,
  input_tokens    bigint not null check (input_tokens >= 0),
  output_tokens   bigint not null check (output_tokens >= 0),
  -- USD; null: the price was not known.
  cost            numeric check (cost >= 0),
  -- `platform`: measured by the platform on its own call. `bundle`: as the bundle said.
  source          text not null check (source in ('platform', 'bundle')),
  primary key (tenant, project, usage_id)
);
create index usage_by_time on usage (tenant, project, at);

-- Down Migration

drop table usage;
