#!lua flags=allow-oom
-- release: gives back a task whose start has not been asked for, to the head of its lane, as if it had not been claimed.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, lane, fence: whose lease
-- Returns {0}; {-1} epoch; {-2} lease lost; {-6} started
-- Invariants: the claim does not count as an attempt.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
if redis.call('EXISTS', K.started(task_id)) == 1 then return { -6 } end
redis.call('LREM', K.inflight(lane), 1, task_id)
redis.call('RPUSH', K.lane(lane), task_id)
redis.call('HINCRBY', K.task(task_id), 'attempts', -1)
redis.call('DEL', K.lease(task_id))
return { 0 }
