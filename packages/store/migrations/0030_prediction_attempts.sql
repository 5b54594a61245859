-- Up Migration

-- How often a prediction was begun, and how often it may be, where whoever ran it died.
alter table prediction
  add column attempt integer not null default 0,
  add column max_attempts integer not null default 1;

-- Down Migration

alter table prediction drop column attempt, drop column max_attempts;
