-- Up Migration

create table document (
  document_id bigint generated always as identity primary key,
  tenant      text not null,
  project     text not null,
  collection  text not null,
  path        text not null,
  title       text not null,
  sha256      text not null,
  updated_at  timestamptz not null default now(),
  unique (tenant, project, collection, path)
);

-- title is the document's, kept here as well so that the generated column can weigh it.
create table passage (
  document_id bigint not null references document on delete cascade,
  ordinal     int not null,
  title       text not null,
  heading     text not null default '',
  anchor      text not null default '',
  text        text not null,
  search      tsvector generated always as (
                setweight(to_tsvector('english', left(heading, 1000)), 'A') ||
                setweight(to_tsvector('english', left(title, 1000)), 'B') ||
                setweight(to_tsvector('english', left(text, 100000)), 'D')) stored,
  primary key (document_id, ordinal)
);
create index passage_search on passage using gin (search);

-- Down Migration

drop table passage;
drop table document;
