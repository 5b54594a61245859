-- Up Migration

-- What people sign in with: a mail address or a name, in lower case. Null: not by password.
alter table app_user
  add column login text check (login = lower(login)),
  add column password_changed_at timestamptz,
  -- The shared secret of one-time codes, sealed with the master key; it counts from when a code of it was shown.
  add column totp_sealed bytea,
  add column totp_confirmed_at timestamptz,
  -- Thirty-second step of the last code that was taken: none is taken twice.
  add column totp_last_step bigint;
create unique index app_user_login on app_user (tenant, project, login) where login is not null;

create table recovery_code (
  tenant    text not null,
  project   text not null,
  user_id   text not null,
  code_hash text not null,
  used_at   timestamptz,
  primary key (tenant, project, user_id, code_hash),
  foreign key (tenant, project, user_id) references app_user on delete cascade
);

-- provider and issuer_sid name the sign-in at an issuer, which may end it from there. logout_hint is the id token that the
-- issuer wants to see when somebody signs out, sealed with the master key.
alter table sign_in
  add column provider text,
  add column issuer_sid text,
  add column logout_hint bytea,
  add column renewed_at timestamptz;
create index sign_in_by_issuer on sign_in (tenant, project, provider, issuer_sid)
  where issuer_sid is not null and ended_at is null;

-- Down Migration

drop index sign_in_by_issuer;
alter table sign_in drop column provider, drop column issuer_sid, drop column logout_hint, drop column renewed_at;
drop table recovery_code;
drop index app_user_login;
alter table app_user drop column login, drop column password_changed_at, drop column totp_sealed,
  drop column totp_confirmed_at, drop column totp_last_step;
