#!lua
-- adopt: takes the lease of a task that a blocking BRPOPLPUSH has moved to the inflight list.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, lane: what the pop returned, and from where
--   fence: worker_id:counter
--   lease_ms: life of the lease
-- Returns {0, tasks left in the lane, {task_id, fence, attempts, created, lane, payload}}; {-1} epoch; {-3} gone, or somebody else's
-- Invariants: only what is still inflight; between pop and adopt the reaper may have taken it.
-- @include epoch
-- @include claimed
if not epoch_of(run_id) then return { -1 } end
if not redis.call('LPOS', K.inflight(lane), task_id) then return { -3 } end
local task = claimed(task_id, lane, fence, lease_ms)
if not task then return { -3 } end
return { 0, redis.call('LLEN', K.lane(lane)), task }
