-- Up Migration

-- What bundles keep. `owner` is '' for the bundle's own and a user's id for what belongs to that user. Keys and paths are listed in
-- the order of their bytes, which is the same on every machine.
create table bundle_value (
  tenant     text not null,
  project    text not null,
  bundle_id  text not null,
  owner      text not null,
  key        text not null collate "C",
  value      jsonb not null,
  version    bigint not null,
  expires_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (tenant, project, bundle_id, owner, key)
);
create index bundle_value_expiry on bundle_value (expires_at) where expires_at is not null;

create table bundle_file (
  tenant     text not null,
  project    text not null,
  bundle_id  text not null,
  owner      text not null,
  path       text not null collate "C",
  size       bigint not null,
  mime       text not null,
  sha256     text not null references blob,
  updated_at timestamptz not null default now(),
  primary key (tenant, project, bundle_id, owner, path)
);
create index bundle_file_by_blob on bundle_file (sha256);

-- What an admin set of a bundle's props; absent keys have the defaults of the version that serves.
create table bundle_props (
  tenant     text not null,
  project    text not null,
  bundle_id  text not null,
  props      jsonb not null,
  version    bigint not null default 1,
  updated_at timestamptz not null default now(),
  updated_by text not null,
  primary key (tenant, project, bundle_id)
);

-- Down Migration

drop table bundle_props;
drop table bundle_file;
drop table bundle_value;
