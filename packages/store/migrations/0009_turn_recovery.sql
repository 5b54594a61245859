-- Up Migration

-- True while a turn runs whose bundle declared `recovery: 'retryIfSilent'` and of which nothing has left yet: no event of its own, no
-- capability call with side effects, no message taken from the mailbox. It becomes false in a commit of its own, under the fence, before
-- the first of these; so without that commit there was none.
alter table turn add column is_silent boolean not null default false;

-- Down Migration

alter table turn drop column is_silent;
