#!lua flags=allow-oom
-- request-cancel: asks the worker that holds a task to stop it; it hears of it at once, or with its next renewal.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id: of the running turn
-- Returns {0}; {-1} epoch; {-3} no such task
-- Invariants: the request stays with the task, also when nobody listens.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
if redis.call('EXISTS', K.task(task_id)) == 0 then return { -3 } end
redis.call('HSET', K.task(task_id), 'cancel_requested', '1')
local fence = redis.call('GET', K.lease(task_id))
local worker_id = fence and string.match(fence, '^(.*):[^:]*$')
if worker_id then redis.call('SPUBLISH', K.control(worker_id), cjson.encode({ kind = 'cancel', task_id = task_id })) end
return { 0 }
