-- Up Migration

-- `GET /admin/audit?action=` and `?since=&until=`, and what the retention takes away.
create index audit_entry_by_action on audit_entry (tenant, project, action, audit_id desc);
create index audit_entry_by_time on audit_entry (tenant, project, at);

-- Rows are added and completed once, and go by age alone: whoever has the service's own account can neither rewrite nor thin out the trail
-- by a slip of a statement. (The owner of the table can still drop the trigger; that is what another account is for.)
create function audit_entry_keep() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if old.outcome = 'started' and new.outcome <> 'started'
      and to_jsonb(new) - array['outcome', 'before', 'after'] = to_jsonb(old) - array['outcome', 'before', 'after']
    then return new; end if;
  elsif tg_op = 'DELETE' then
    -- The retention says in its own statement from where on it may.
    if old.at < to_timestamp(nullif(current_setting('switchyard.audit_before', true), '')::float8) then return old; end if;
  end if;
  raise exception 'audit_entry only grows' using errcode = 'restrict_violation';
end
$$;
create trigger audit_entry_keep before update or delete on audit_entry for each row execute function audit_entry_keep();
create trigger audit_entry_whole before truncate on audit_entry execute function audit_entry_keep();

-- Down Migration

drop trigger audit_entry_whole on audit_entry;
drop trigger audit_entry_keep on audit_entry;
drop function audit_entry_keep();
drop index audit_entry_by_time;
drop index audit_entry_by_action;
