-- Up Migration

-- What an admin set over the limits of the configuration; one row a scope, and each change is one more.
create table live_limits (
  tenant     text not null,
  project    text not null,
  version    bigint not null default 1 check (version > 0),
  override   jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null default now(),
  primary key (tenant, project)
);

-- Down Migration

drop table live_limits;
