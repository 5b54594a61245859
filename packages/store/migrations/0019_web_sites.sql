-- Up Migration

-- Contents of sites by their hash; the bytes lie in the blob store of sites, which holds them before their row. `variants` are the
-- compressed forms that were made at publish: {"br": {"sha256", "size"}, "gzip": {...}}; null: nobody tried yet. `touched_at` keeps a blob that no deploy
-- names yet from being collected.
create table web_blob (
  sha256     text primary key,
  size       bigint not null check (size >= 0),
  variants   jsonb,
  touched_at timestamptz not null default now()
);
create index web_blob_by_touch on web_blob (touched_at);

-- A site. `owner` is the bundle that made it; null: an administrator did. `active_deploy` is the one pointer that a deploy or a rollback
-- moves; `version` fences changes of settings.
create table web_site (
  tenant        text not null,
  project       text not null,
  alias         text not null,
  owner         text,
  active_deploy text,
  settings      jsonb not null default '{}',
  version       bigint not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  primary key (tenant, project, alias)
);

-- One row a host name, so that no two sites of a scope answer to the same one.
create table web_host (
  tenant  text not null,
  project text not null,
  host    text not null,
  alias   text not null,
  primary key (tenant, project, host),
  foreign key (tenant, project, alias) references web_site on delete cascade
);

-- A set of files, never changed. `manifest`: path -> {sha256, size, type, modified, variants}; `blobs`: every hash in it, for the collection.
-- `retired_at`: when another one took its place; null while it is active, and before it ever was.
create table web_deploy (
  tenant       text not null,
  project      text not null,
  alias        text not null,
  deploy_id    text not null,
  seq          bigint generated always as identity,
  manifest     jsonb not null,
  blobs        text[] not null,
  files        integer not null,
  bytes        bigint not null,
  -- What the gateway made of it, and which version of which bundle; null until it was asked.
  plan         jsonb,
  planned_by   text,
  problems     jsonb not null default '[]',
  created_by   text not null,
  created_at   timestamptz not null default now(),
  activated_at timestamptz,
  retired_at   timestamptz,
  primary key (tenant, project, alias, deploy_id),
  foreign key (tenant, project, alias) references web_site on delete cascade
);
create index web_deploy_by_seq on web_deploy (tenant, project, alias, seq desc);
create index web_deploy_by_blob on web_deploy using gin (blobs);

alter table web_site add foreign key (tenant, project, alias, active_deploy)
  references web_deploy (tenant, project, alias, deploy_id);

-- Down Migration

alter table web_site drop constraint web_site_tenant_project_alias_active_deploy_fkey;
drop table web_deploy;
drop table web_host;
drop table web_site;
drop table web_blob;
