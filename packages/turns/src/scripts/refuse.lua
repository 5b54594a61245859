#!lua flags=allow-oom
-- refuse: an attempt of a message that others attempt as well was refused, and its row is about to go. From here on nobody enqueues
-- it under these ids: an attempt that is still on its way would be acked without a row.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, turn_id: of the message
-- Returns {0} noted; {2} it was accepted meanwhile: not noted, and its row stays; {-1} epoch
-- Invariants: of `enqueue` and `refuse` for one turn only the first does anything.
-- @include epoch
local REFUSED_TTL_MS = 86400000
if not epoch_of(run_id) then return { -1 } end
if redis.call('EXISTS', K.task(task_id), K.told(turn_id)) > 0 then return { 2 } end
redis.call('SET', K.refused(turn_id), '1', 'PX', REFUSED_TTL_MS)
return { 0 }
