-- Up Migration

-- Predictions of bundles. A row is there before anybody is told of its prediction. `fence` names who runs it and is believed until
-- `lease_until`; without one it waits for a worker. What clients see is in columns of its own, secrets as asterisks.
create table prediction (
  tenant           text not null,
  project          text not null,
  bundle_id        text not null,
  user_id          text not null,
  prediction_id    text not null,
  version_id       text,
  status           text not null default 'starting'
    check (status in ('starting', 'processing', 'succeeded', 'failed', 'canceled')),
  is_async         boolean not null,
  -- What a worker needs to run it: the input as it was sent. Gone with its start.
  request          jsonb,
  -- Where its last webhook goes, `{url, headers}`; null: nowhere, or it is a row of background work by now.
  webhook          jsonb,
  input            jsonb not null,
  output           jsonb,
  error            text,
  logs             text not null default '',
  metrics          jsonb not null default '{}',
  -- Times as clients see them, with microseconds.
  shown_created_at text not null,
  shown_started_at text not null,
  shown_ended_at   text,
  -- Number of its last event.
  last_event       integer not null default 0,
  cancel_requested boolean not null default false,
  fence            text,
  lease_until      timestamptz,
  created_at       timestamptz not null default now(),
  ended_at         timestamptz,
  primary key (tenant, project, bundle_id, user_id, prediction_id),
  check ((fence is null) = (lease_until is null)),
  check ((ended_at is null) = (status in ('starting', 'processing')))
);
create index prediction_open on prediction (tenant, project, created_at) where ended_at is null;
create index prediction_list on prediction (tenant, project, bundle_id, created_at desc);
create index prediction_ended on prediction (ended_at) where ended_at is not null;
create index prediction_webhook on prediction (tenant, project, ended_at) where webhook is not null and ended_at is not null;

-- Its events, for streams on every worker. Bounded by who writes them; a reader who misses some begins with the row.
create table prediction_event (
  tenant        text not null,
  project       text not null,
  bundle_id     text not null,
  user_id       text not null,
  prediction_id text not null,
  event         integer not null,
  kind          text not null check (kind in ('start', 'log', 'metric', 'output', 'completed')),
  data          text not null,
  primary key (tenant, project, bundle_id, user_id, prediction_id, event),
  foreign key (tenant, project, bundle_id, user_id, prediction_id) references prediction on delete cascade
);

-- Down Migration

drop table prediction_event;
drop table prediction;
