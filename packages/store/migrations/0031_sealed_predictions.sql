-- Up Migration

-- What a worker needs to run a prediction holds what its caller sent in confidence: sealed from now on, in `sealed`. Rows of former
-- workers have it open in `request`, until a worker of this version sees them.
--
-- Beside a worker of a former version: its start knows nothing of `sealed` and would hold a row that it cannot run. `opened_by` is the fence of
-- a start that knows; without it the start is refused here, and the row goes on waiting.
alter table prediction
  add column sealed bytea,
  add column opened_by text,
  add constraint prediction_sealed_start check (sealed is null or fence is null or opened_by is not distinct from fence);

-- Down Migration

-- What is sealed cannot be run by a former version.
update prediction set status = 'failed', error = 'it waited for a newer version', fence = null, lease_until = null, ended_at = now()
  where sealed is not null and ended_at is null;
alter table prediction drop constraint prediction_sealed_start, drop column sealed, drop column opened_by;
