-- Up Migration

-- A deleted conversation stays as a row without content, so that its id can be taken over by nobody.
create table conversation (
  tenant           text not null,
  project          text not null,
  conversation_id  text not null,
  user_id          text not null,
  session_id       text not null,
  bundle_id        text not null,
  title            text,
  title_source     text check (title_source in ('user', 'bundle', 'message')),
  pinned           boolean not null default false,
  archived         boolean not null default false,
  started_at       timestamptz not null default now(),
  last_activity_at timestamptz not null default now(),
  deleted_at       timestamptz,
  primary key (tenant, project, conversation_id)
);
create index conversation_list on conversation
  (tenant, project, user_id, pinned desc, last_activity_at desc, conversation_id desc) where deleted_at is null;

-- seq is the order for rebuilding lanes and mailboxes. There is no foreign key to conversation: a turn is written in
-- groups on the hot path, and its insert checks by itself that the conversation is the user's and not deleted.
create table turn (
  seq             bigint generated always as identity unique,
  tenant          text not null,
  project         text not null,
  turn_id         text not null,
  task_id         text not null,
  conversation_id text not null,
  user_id         text not null,
  session_id      text not null,
  user_type       text not null check (user_type in ('privileged', 'paid', 'registered', 'anonymous')),
  bundle_id       text not null,
  message_id      text not null,
  kind            text not null check (kind in ('message', 'steer', 'recorded')),
  status          text not null check (status in
                    ('queued', 'running', 'completed', 'failed', 'cancelled', 'interrupted', 'folded', 'dead')),
  fence           text,
  folded_into     text,
  attempt         int not null default 0,
  request         jsonb not null,
  text            text not null default '',
  answer          jsonb,
  answer_text     text,
  error           jsonb,
  created_at      timestamptz not null default now(),
  started_at      timestamptz,
  ended_at        timestamptz,
  -- Cut, because a tsvector over 1 MB is an error that would refuse the row: 132,000 characters of four bytes stay below.
  search          tsvector generated always as (
                    to_tsvector('english', left(text, 32000) || ' ' || left(coalesce(answer_text, ''), 100000))) stored,
  primary key (tenant, project, turn_id),
  unique (tenant, project, user_id, message_id),
  check (status <> 'running' or fence is not null),
  check (status <> 'folded' or folded_into is not null),
  check ((status in ('queued', 'running')) = (ended_at is null))
) with (fillfactor = 80);
-- Not by status: then queued -> running changes no indexed column, and the update touches no index at all (HOT).
create index turn_live on turn (tenant, project, seq) where ended_at is null;
create index turn_by_conversation on turn (tenant, project, conversation_id, seq);
create index turn_by_user on turn (tenant, project, user_id, seq);
create index turn_ended on turn (tenant, project, ended_at) where ended_at is not null;
-- Only turns that are over: a row is written three times, and the words enter the index once.
create index turn_search on turn using gin (search) where ended_at is not null;

create table feedback (
  tenant     text not null,
  project    text not null,
  turn_id    text not null,
  user_id    text not null,
  reaction   text not null check (reaction in ('ok', 'not_ok', 'neutral')),
  text       text,
  updated_at timestamptz not null default now(),
  primary key (tenant, project, turn_id),
  foreign key (tenant, project, turn_id) references turn on delete cascade
);

-- Files are content-addressed on disk; a blob lives while a file row names it (and an hour longer, for uploads under way).
create table blob (
  sha256     text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  size       bigint not null check (size >= 0),
  touched_at timestamptz not null default now()
);

create table file (
  tenant          text not null,
  project         text not null,
  file_id         text not null,
  conversation_id text not null,
  turn_id         text not null,
  user_id         text not null,
  direction       text not null check (direction in ('attachment', 'produced')),
  filename        text not null,
  mime            text not null,
  size            bigint not null check (size >= 0),
  sha256          text not null references blob,
  created_at      timestamptz not null default now(),
  primary key (tenant, project, file_id)
);
create index file_by_conversation on file (tenant, project, conversation_id, turn_id);
create index file_by_blob on file (sha256);

-- Down Migration

drop table file;
drop table blob;
drop table feedback;
drop table turn;
drop table conversation;
