#!lua flags=allow-oom
-- renew: prolongs the leases and started markers of everything that a worker holds.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   lease_ms, marker_ms: life from now of lease and marker
--   held...: task_id, fence, task_id, fence, ...
-- Returns {0, {ids of lost tasks}, {ids of tasks that someone asked to cancel}}; {-1} epoch
-- Invariants: a lease under another fence is not touched.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
local lost, cancelled = {}, {}
for i = held_at, #ARGV, 2 do
  local task_id = ARGV[i]
  if redis.call('GET', K.lease(task_id)) ~= ARGV[i + 1] then
    lost[#lost + 1] = task_id
  else
    redis.call('PEXPIRE', K.lease(task_id), lease_ms)
    redis.call('PEXPIRE', K.started(task_id), marker_ms)
    if redis.call('HEXISTS', K.task(task_id), 'cancel_requested') == 1 then cancelled[#cancelled + 1] = task_id end
  end
end
return { 0, lost, cancelled }
