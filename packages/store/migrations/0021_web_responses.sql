-- Up Migration

-- Answers of sites' requests that do not come from the worker that holds the request: from a job, from another worker, or after a 202.
-- `status` null: accepted with 202, not answered yet. `created_at` is the time of the answer once there is one. No request that is
-- answered where it is held has a row.
create table web_response (
  tenant     text not null,
  project    text not null,
  request_id text not null,
  bundle_id  text not null,
  site       text,
  status     integer,
  headers    jsonb,
  body       bytea,
  error      text,
  created_at timestamptz not null default now(),
  primary key (tenant, project, request_id)
);
create index web_response_by_time on web_response (created_at);

-- Down Migration

drop table web_response;
