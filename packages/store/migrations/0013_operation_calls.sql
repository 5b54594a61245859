-- Up Migration

-- Calls of operations with an Idempotency-Key: who asked what, and the answer once there is one. A call that runs holds its row by
-- `token`; one whose worker died is taken over when `held_until` is past.
create table operation_call (
  tenant         text not null,
  project        text not null,
  user_id        text not null,
  bundle_id      text not null,
  operation      text not null,
  call_key       text not null,
  request_sha256 text not null,
  token          text,
  held_until     timestamptz not null,
  answer         jsonb,
  expires_at     timestamptz not null,
  primary key (tenant, project, user_id, bundle_id, operation, call_key)
);
create index operation_call_expiry on operation_call (expires_at);

-- Down Migration

drop table operation_call;
