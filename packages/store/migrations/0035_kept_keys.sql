-- Up Migration

-- Keys of former master keys that still name or season something and open nothing, each sealed with the current master key. `fingerprint` is a
-- hash of the key: the same one is kept once, whoever keeps it.
create table kept_key (
  purpose     text not null,
  fingerprint text not null,
  sealed      bytea not null,
  kept_at     timestamptz not null default now(),
  primary key (purpose, fingerprint)
);

-- Down Migration

drop table kept_key;
