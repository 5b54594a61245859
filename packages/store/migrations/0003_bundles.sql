-- Up Migration

create table bundle_version (
  tenant       text not null,
  project      text not null,
  version_id   text not null,
  bundle_id    text not null,
  ref          text not null,
  sha          text not null,
  entry        text not null,
  manifest     jsonb,
  status       text not null check (status in ('registered', 'ready', 'failed', 'removed')),
  error        text,
  created_at   timestamptz not null default now(),
  activated_at timestamptz,
  primary key (tenant, project, version_id)
);
create index bundle_version_by_bundle on bundle_version (tenant, project, bundle_id, created_at desc);

-- Which version serves now. active_version is null until the first version was inspected and warmed.
create table bundle (
  tenant         text not null,
  project        text not null,
  bundle_id      text not null,
  active_version text,
  is_default     boolean not null default false,
  source         jsonb not null default '{}',
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  primary key (tenant, project, bundle_id),
  foreign key (tenant, project, active_version) references bundle_version
);
create unique index bundle_one_default on bundle (tenant, project) where is_default;

-- Down Migration

drop table bundle;
drop table bundle_version;
