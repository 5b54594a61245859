-- Up Migration

-- What became of a turn that is dead: retried_as is the turn that tries again. Null: nobody has decided yet.
alter table turn
  add column dead_letter text check (dead_letter in ('retried', 'dropped')),
  add column retried_as text,
  add check ((dead_letter is not distinct from 'retried') = (retried_as is not null)),
  add check (dead_letter is null or status = 'dead');
-- Not by status: a column of an index's condition counts as indexed, and then queued -> running would touch every index.
-- `error` is written when a turn ends and not before; a dead turn's is always of this type.
create index turn_dead on turn (tenant, project, seq) where error ->> 'error_type' = 'turn_dead' and dead_letter is null;

-- Who changed what by hand. A row is written before the change and completed after it; nothing else is ever changed here.
create table audit_entry (
  audit_id   bigint generated always as identity primary key,
  tenant     text not null,
  project    text not null,
  at         timestamptz not null default now(),
  actor_id   text not null,
  actor_name text,
  action     text not null,
  target     text not null,
  before     jsonb,
  after      jsonb,
  outcome    text not null default 'started' check (outcome in ('started', 'done', 'refused')),
  address    text,
  user_agent text,
  request_id text not null
);
create index audit_entry_list on audit_entry (tenant, project, audit_id desc);
create index audit_entry_by_actor on audit_entry (tenant, project, actor_id, audit_id desc);
create index audit_entry_by_target on audit_entry (tenant, project, target, audit_id desc);

-- Down Migration

drop table audit_entry;
drop index turn_dead;
alter table turn drop column dead_letter, drop column retried_as;
