-- append-one: one event, to try append-event alone.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   session_id, event, data: as in the log
-- Returns {id, prev}, or {-1}
-- @include epoch
-- @include append-event
local n = epoch_of(run_id)
if not n then return { -1 } end
return { append_event(n, session_id, event, 'stream', 'c', 't', data) }
