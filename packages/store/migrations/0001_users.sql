-- Up Migration

create table app_user (
  tenant     text not null,
  project    text not null,
  user_id    text not null,
  username   text,
  email      text,
  user_type  text not null check (user_type in ('privileged', 'paid', 'registered', 'anonymous')),
  roles      text[] not null default '{}',
  -- scrypt/argon2id PHC string; null = cannot sign in by password
  password_hash text,
  disabled_at   timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant, project, user_id)
);

-- One authentication on one device. masked_hash is the hash of the masked cookie, never the cookie:
-- with it, ending a sign-in from another device can drop the sealed token from Redis.
create table sign_in (
  tenant      text not null,
  project     text not null,
  sign_in_id  text not null,
  user_id     text not null,
  method      text not null,
  masked_hash text,
  user_agent  text,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  ended_at    timestamptz,
  primary key (tenant, project, sign_in_id),
  foreign key (tenant, project, user_id) references app_user on delete cascade
);
create index sign_in_by_user on sign_in (tenant, project, user_id, created_at desc);
create unique index sign_in_by_masked on sign_in (masked_hash) where masked_hash is not null;

-- The private half is sealed with the master key. The newest that is not retired signs; the others only verify.
create table signing_key (
  kid        text primary key,
  sealed     bytea not null,
  public_jwk jsonb not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);

create table setting (
  tenant     text not null,
  project    text not null,
  name       text not null,
  value      jsonb not null,
  version    bigint not null default 1,
  updated_by text,
  updated_at timestamptz not null default now(),
  primary key (tenant, project, name)
);

-- Down Migration

drop table setting;
drop table signing_key;
drop table sign_in;
drop table app_user;
