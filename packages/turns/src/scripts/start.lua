#!lua flags=allow-oom
-- start: writes the started marker and the turn's first events. The row is `running` under this fence already.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, fence: whose lease
--   turn_id, conversation_id, session_id, stream_id: for the events
--   marker_ms: life of the marker, the wall limit and a day
--   events...: event, data, event, data, ...; the last one is chat_start
-- Returns {0} started, or already by this fence; {-1} epoch; {-2} lease lost; {-5} cancelled; {-6} started by another
-- Invariants: exactly one chat_start per turn, also when it is started again (retryIfSilent); the marker outlives the lease.
-- @include epoch
-- @include append-event
local n = epoch_of(run_id)
if not n then return { -1 } end
if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
local marker = redis.call('GET', K.started(task_id))
if marker then return { string.sub(marker, 1, #fence + 1) == fence .. ' ' and 0 or -6 } end
if redis.call('HEXISTS', K.task(task_id), 'cancel_requested') == 1 then return { -5 } end
redis.call('SET', K.started(task_id), fence .. ' ' .. redis.call('TIME')[1], 'PX', marker_ms)
if redis.call('HEXISTS', K.runningTurns(session_id), turn_id) == 1 then return { 0 } end
local first = nil
for i = events_at, #ARGV, 2 do
  local id = append_event(n, session_id, ARGV[i], stream_id, conversation_id, turn_id, ARGV[i + 1])
  first = first or id
end
redis.call('HSET', K.runningTurns(session_id), turn_id, first)
redis.call('PEXPIRE', K.runningTurns(session_id), marker_ms)
return { 0 }
